// Dialogs: focus goes in, stays, and comes back.
import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { Dialog, DialogTrigger, Form, Heading, Modal, ModalOverlay } from "react-aria-components";

import { messageOf, Problem } from "../api/problem";
import { useKey } from "../lib/key";
import { Button } from "./basics";

type DialogProps = { title: string; trigger?: ReactNode; open?: boolean; onOpenChange?: (open: boolean) => void;
  children: (close: () => void) => ReactNode };

export function DialogBox({ title, trigger, open, onOpenChange, children }: DialogProps) {
  const box = (
    <ModalOverlay className="overlay" isDismissable {...(trigger ? {} : { isOpen: open ?? false, onOpenChange })}>
      <Modal className="modal">
        <Dialog className="dialog">
          {({ close }) => (
            <>
              <Heading slot="title">{title}</Heading>
              {children(close)}
            </>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
  return trigger ? (
    <DialogTrigger {...(open === undefined ? {} : { isOpen: open, onOpenChange })}>
      {trigger}
      {box}
    </DialogTrigger>
  ) : (
    box
  );
}

type ConfirmProps = { title: string; children: ReactNode; act: string; danger?: boolean; trigger: ReactNode;
  onConfirm: () => Promise<unknown> };

// For what cannot be undone. It stays open, locked, until the answer is there.
export function Confirm({ title, children, act, danger, trigger, onConfirm }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  return (
    <DialogBox title={title} trigger={trigger}>
      {(close) => (
        <>
          <div>{children}</div>
          <div className="dialog-actions">
            <Button onPress={close}>Cancel</Button>
            <Button kind={danger ? "danger" : "primary"} busy={busy} onPress={async () => {
              setBusy(true);
              await onConfirm();
              setBusy(false);
              close();
            }}>
              {act}
            </Button>
          </div>
        </>
      )}
    </DialogBox>
  );
}

type FormProps = { children: ReactNode; act: string; onSubmit: (fields: Record<string, string>, key: string) => Promise<unknown>;
  onDone?: () => void; onCancel?: () => void };

// A form whose refusal stands where it was sent: fields that the server names get their own words.
export function ActForm({ children, act, onSubmit, onDone, onCancel }: FormProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const [errors, setErrors] = useState<Record<string, string>>({});
  const key = useKey();
  const sending = useRef(false); // clicks may come faster than what is drawn
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (sending.current) return;
    sending.current = true;
    const fields = Object.fromEntries([...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value)]));
    setBusy(true);
    setProblem("");
    setErrors({});
    try {
      await onSubmit(fields, key.of(fields));
      key.settled();
      onDone?.();
    } catch (error) {
      key.settled(error);
      const named = error instanceof Problem ? ((error.body.errors as { field: string; detail: string }[]) ?? []) : [];
      const known = named.filter((one) => one.field in fields);
      setErrors(Object.fromEntries(known.map((one) => [one.field, one.detail])));
      if (known.length === 0) setProblem(messageOf(error));
    } finally {
      sending.current = false;
      setBusy(false);
    }
  };
  return (
    <Form className="form" onSubmit={submit} validationErrors={errors}>
      {children}
      <p className="form-problem" role="alert">
        {problem}
      </p>
      <div className="dialog-actions">
        {onCancel && <Button onPress={onCancel}>Cancel</Button>}
        <Button type="submit" kind="primary" busy={busy}>
          {act}
        </Button>
      </div>
    </Form>
  );
}
