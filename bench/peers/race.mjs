// A peer in the races of tests/races/races.py: a worker whose effect is an HTTP request, and people's acts.
//
// node race.mjs work|enqueue|cancel|expire|states PEER URL [RECEIVER | COUNT]
//
// Their defaults rescue after four hours and fifteen minutes. `expire` makes that much time pass for
// graphile-worker by moving its locks back; for pg-boss the queue's own setting is three seconds.
import { createInterface } from "node:readline";
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { PgBoss } from "pg-boss";
import pg from "pg";

const [command, peer, url, more] = process.argv.slice(2);
const CONCURRENCY = 20;
const print = (answer) => console.log(JSON.stringify(answer));

async function handle(n) {
  for (const what of ["begin", "effect", "after"]) await fetch(`${more}/${what}/${n}`, { method: "POST" });
}

async function untilToldToStop() {
  console.log("working");
  for await (const _ of createInterface({ input: process.stdin })) break;
}

async function graphile() {
  const pool = new pg.Pool({ connectionString: url });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  await utils.migrate();
  const rows = async (sql) => (await pool.query(sql)).rows;
  if (command === "work") {
    const often = { minResetLockedInterval: 500, maxResetLockedInterval: 1000, pollInterval: 200 };
    const runner = await run({
      pgPool: pool,
      concurrency: CONCURRENCY,
      logger,
      noHandleSignals: true,
      taskList: { effect: (payload) => handle(payload.n) },
      preset: { worker: { ...often, localQueue: { size: 500 } } },
    });
    await untilToldToStop();
    await runner.stop();
  } else if (command === "enqueue") {
    for (let n = 1; n <= Number(more); ++n) await utils.addJob("effect", { n }, { jobKey: `${n}` });
    print({});
  } else if (command === "cancel") {
    const [{ removed }] = await rows(
      "SELECT count(graphile_worker.remove_job(n::text)) AS removed FROM generate_series(1, 20) AS n",
    );
    print({ "row returned": Number(removed) });
  } else if (command === "expire") {
    await rows("UPDATE graphile_worker._private_jobs SET locked_at = locked_at - interval '5 hours'");
    print({});
  } else {
    const sql = `SELECT CASE WHEN locked_at IS NULL THEN 'waiting' ELSE 'locked' END AS word, count(*) AS jobs
      FROM graphile_worker._private_jobs GROUP BY 1`;
    print(Object.fromEntries((await rows(sql)).map(({ word, jobs }) => [word, Number(jobs)])));
  }
  await utils.release();
  await pool.end();
}

async function pgboss() {
  const often = { superviseIntervalSeconds: 1, maintenanceIntervalSeconds: 1, monitorIntervalSeconds: 1 };
  const boss = new PgBoss({ connectionString: url, supervise: command === "work", ...often });
  boss.on("error", () => {});
  await boss.start();
  await boss.createQueue("effect", { expireInSeconds: 3, retryLimit: 3, retryDelay: 0 });
  const pool = new pg.Pool({ connectionString: url });
  const rows = async (sql) => (await pool.query(sql)).rows;
  if (command === "work") {
    const options = { localConcurrency: CONCURRENCY, pollingIntervalSeconds: 0.5 };
    await boss.work("effect", options, async ([job]) => handle(job.data.n));
    await untilToldToStop();
  } else if (command === "enqueue") {
    await boss.insert("effect", Array.from({ length: Number(more) }, (_, i) => ({ data: { n: i + 1 } })));
    print({});
  } else if (command === "cancel") {
    const ids = (await rows("SELECT id FROM pgboss.job WHERE name = 'effect'")).map(({ id }) => id);
    print({ affected: (await boss.cancel("effect", ids)).affected });
  } else if (command === "expire") {
    print({});
  } else {
    const states = await rows("SELECT state, count(*) AS jobs FROM pgboss.job WHERE name = 'effect' GROUP BY 1");
    print(Object.fromEntries(states.map(({ state, jobs }) => [state, Number(jobs)])));
  }
  await pool.end();
  await boss.stop({ graceful: false });
}

await { graphile, pgboss }[peer]();
process.exit();
