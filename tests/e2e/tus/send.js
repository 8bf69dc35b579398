// Sends a file with tus-js-client: node send.js URL TOKEN FILE [CUT]. With CUT it drops the connection once that
// share of the bytes is confirmed, prints the file's URL, and is done; the URL is then given in FENCEPOST_TUS_URL to
// go on with. Prints the URL and, of a whole file, ends with 0.
"use strict";

const fs = require("fs");
const tus = require(process.env.FENCEPOST_TUS_CLIENT);

const [url, token, path, cut] = process.argv.slice(2);
const size = fs.statSync(path).size;
const upload = new tus.Upload(fs.createReadStream(path), {
  endpoint: url + "/api/v1/files",
  uploadUrl: process.env.FENCEPOST_TUS_URL || null,
  headers: { Authorization: "Bearer " + token },
  metadata: { filename: "Episode 12.mp4", filetype: "video/mp4" },
  uploadSize: size,
  chunkSize: 3 * 1024 * 1024,
  retryDelays: [0, 200, 500, 1000, 2000, 4000, 8000],
  onError(error) {
    console.error(String(error));
    process.exit(1);
  },
  onChunkComplete(chunk, accepted) {
    if (cut && accepted >= size * Number(cut)) {
      console.log(upload.url);
      process.exit(0); // in the middle of the next piece
    }
  },
  onSuccess() {
    console.log(upload.url);
  },
});
upload.start();
