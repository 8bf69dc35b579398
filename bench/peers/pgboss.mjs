// pg-boss: "one" is fetch and complete by hand in 24 loops, "batch" is work() in batches of 1,000 by four
// local workers, which go on at once while batches are full. "notify" and "polling" are for the latency.
import pg from "pg";
import { PgBoss } from "pg-boss";

const LOOPS = 24;
const QUEUE = "noop";

export async function open(url, variant) {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const boss = new PgBoss({ connectionString: url, max: LOOPS, useListenNotify: variant === "notify" });
  boss.on("error", (error) => {
    console.error(`pg-boss: ${error}`);
    process.exitCode = 1;
  });
  await boss.start();
  await boss.createQueue(QUEUE, { notify: variant === "notify" });
  const one = async (sql) => (await pool.query(sql)).rows[0].answer;

  async function workOneByOne(handle) {
    let stopped = false;
    const loop = async () => {
      while (!stopped) {
        const [job] = await boss.fetch(QUEUE);
        if (!job) {
          await new Promise((go) => setTimeout(go, 10));
          continue;
        }
        handle(job.data.n);
        await boss.complete(QUEUE, job.id);
      }
    };
    const loops = Array.from({ length: LOOPS }, loop);
    return async () => {
      stopped = true;
      await Promise.all(loops);
    };
  }

  async function workInBatches(handle, options) {
    await boss.work(QUEUE, options, async (jobs) => {
      for (const job of jobs) handle(job.data.n);
    });
    return () => boss.offWork(QUEUE, { wait: true });
  }

  return {
    enqueueOne: (n) => boss.send(QUEUE, { n }),
    enqueueMany: (from, count) =>
      boss.insert(QUEUE, Array.from({ length: count }, (_, i) => ({ data: { n: from + i } }))),
    work(handle) {
      if (variant === "one") return workOneByOne(handle);
      if (variant === "batch") {
        const options = { batchSize: 1000, localConcurrency: 4, burstWhenBatchFull: true };
        return workInBatches(handle, { ...options, pollingIntervalSeconds: 0.5 });
      }
      return workInBatches(handle, { pollingIntervalSeconds: 0.5 });
    },
    unfinished: () => one("SELECT EXISTS (SELECT 1 FROM pgboss.job WHERE state < 'completed') AS answer"),
    async waiting() {
      return Number(await one("SELECT count(*) AS answer FROM pgboss.job WHERE state < 'active'"));
    },
    close: async () => {
      await boss.stop({ graceful: false });
      await pool.end();
    },
  };
}
