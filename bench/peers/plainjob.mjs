// plainjob on SQLite. It sets synchronous=NORMAL itself; "full" sets FULL afterwards, as durable as ours.
import Database from "better-sqlite3";
import { JobStatus, better, defineQueue, defineWorker } from "plainjob";

const quiet = { error: console.error, warn() {}, info() {}, debug() {} };

export async function open(url, variant) {
  const database = new Database(url.replace(/^sqlite:/, ""));
  const queue = defineQueue({ connection: better(database), logger: quiet });
  database.pragma(`synchronous = ${variant === "full" ? "FULL" : "NORMAL"}`);
  return {
    enqueueOne: (n) => queue.add("noop", { n }),
    enqueueMany: (from, count) =>
      queue.addMany("noop", Array.from({ length: count }, (_, i) => ({ n: from + i }))),
    async work(handle) {
      const options = { queue, logger: quiet, pollIntervall: 10 };
      const worker = defineWorker("noop", (job) => handle(JSON.parse(job.data).n), options);
      worker.start();
      return () => worker.stop();
    },
    unfinished: () =>
      [JobStatus.Pending, JobStatus.Processing].some((status) => queue.countJobs({ status }) > 0),
    waiting: () => queue.countJobs({ status: JobStatus.Pending }),
    close: () => queue.close(),
  };
}
