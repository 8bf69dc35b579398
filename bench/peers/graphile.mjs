// graphile-worker. Its log is switched off, which by default prints a line for every job.
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";

const CONCURRENCY = 24;
const quiet = new Logger(() => () => {});
// "best" is what its documentation on performance recommends, taken as far as it helped (docs/benchmarks.md).
const PRESETS = {
  defaults: {},
  best: {
    localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
};

export async function open(url, variant) {
  const pool = new pg.Pool({ connectionString: url, max: CONCURRENCY + 2 });
  pool.on("error", (error) => {
    console.error(`graphile-worker: ${error}`);
    process.exitCode = 1;
  });
  pool.on("connect", (client) => client.on("error", () => {})); // the query that it hits tells
  const utils = await makeWorkerUtils({ pgPool: pool, logger: quiet });
  await utils.migrate();
  const one = async (sql) => (await pool.query(sql)).rows[0].answer;
  return {
    enqueueOne: (n) => utils.addJob("noop", { n }),
    enqueueMany(from, count) {
      const job = (_, i) => ({ identifier: "noop", payload: { n: from + i } });
      return utils.addJobs(Array.from({ length: count }, job));
    },
    // Answers a function that stops the worker.
    async work(handle) {
      const runner = await run({
        pgPool: pool,
        concurrency: CONCURRENCY,
        logger: quiet,
        noHandleSignals: true,
        taskList: { noop: (payload) => handle(payload.n) },
        preset: { worker: PRESETS[variant] },
      });
      return () => runner.stop();
    },
    unfinished: () => one("SELECT EXISTS (SELECT 1 FROM graphile_worker._private_jobs) AS answer"),
    waiting: async () => Number(await one("SELECT count(*) AS answer FROM graphile_worker._private_jobs")),
    close: async () => {
      await utils.release();
      await pool.end();
    },
  };
}
