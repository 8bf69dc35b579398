"""A real SMTP server for the end-to-end tests (aiosmtpd): STARTTLS with a certificate of its own, AUTH, and refusals on
command."""

import email
import email.policy
import ssl
import subprocess

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = "fencepost", "a password for mail"


class AnyPort(Controller):
    """On a free port, which it knows once it listens."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """Keeps what it accepts; `refuse` is how many of the next mails get a 451."""

    def __init__(self, folder):
        self.mails, self.refuse, self.refused = [], 0, 0
        self.certificate = folder / "mail.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "mail.key"),
             "-out", str(self.certificate)], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "mail.key")
        self.controller = AnyPort(
            self, hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True, auth_required=True,
            authenticator=self.authenticate, ready_timeout=30)
        self.controller.start()
        self.port = self.controller.port

    @staticmethod
    def authenticate(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login.decode(), data.password.decode()) == (USER, PASSWORD))

    async def handle_DATA(self, _server, _session, envelope):  # pylint: disable=invalid-name
        if self.refuse > 0:
            self.refuse -= 1
            self.refused += 1
            return "451 not now"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 taken"

    def close(self):
        self.controller.stop()
