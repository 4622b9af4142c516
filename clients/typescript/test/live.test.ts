/** The client before services that run; their addresses are in SCORES, TRAINER and CHATBOT. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, connect, pages, Problem, train } from "../src/index.js";

function address(name: string): string {
  const found = process.env[name];
  assert.ok(found, `${name} is not set`);
  return found;
}

const ntdemo = connect({ scores: address("SCORES"), trainer: address("TRAINER"), chatbot: address("CHATBOT") });

async function builtIn(): Promise<string> {
  const runs = pages((cursor) => answer(ntdemo.scores.GET("/v1/runs", { params: { query: { limit: 1, ...(cursor ? { cursor } : {}) } } })));
  let first: string | undefined; // the oldest: what the trainer made at its start
  for await (const run of runs) if (run.source === "built-in") first = run.id;
  assert.ok(first, "the built-in run is not there");
  return first;
}

test("the nearest fragment of the built-in data is the one that is published", async () => {
  const run = await builtIn();
  const found = await answer(
    ntdemo.scores.GET("/v1/fragments/{fragment}/neighbours", { params: { path: { fragment: "fB" }, query: { run, limit: 1 } } }),
  );
  assert.equal(found.items[0]?.name, "fC");
});

test("a problem is an error that carries its type, its status and its members", async () => {
  const question = answer(ntdemo.scores.GET("/v1/fragments/{fragment}", { params: { path: { fragment: "fX" }, query: { run: await builtIn() } } }));
  await assert.rejects(question, (error: unknown) => {
    assert.ok(error instanceof Problem);
    assert.equal(error.slug, "fragment-not-found");
    assert.equal(error.status, 404);
    assert.ok((error.document["near"] as string[]).includes("fA"));
    return true;
  });
});

test("a job is handed in, waited for, and its run can be asked", { timeout: 240_000 }, async () => {
  const job = await train(ntdemo, { spec: { kind: "factors", sources: ["built-in"], rank: 2 } } as Parameters<typeof train>[1]);
  assert.equal(job.state, "succeeded");
  assert.ok(job.run);
  const run = await answer(ntdemo.scores.GET("/v1/runs/{run}", { params: { path: { run: job.run } } }));
  assert.equal(run.rank, 2);
});

test("a bot replies", async () => {
  const reply = await answer(
    ntdemo.chatbot.POST("/v1/chat/completions", {
      body: { model: "ntdemo-en", messages: [{ role: "user", content: "hello" }], seed: 1 } as never,
    }),
  );
  assert.ok(typeof reply !== "string"); // which it is as an event stream
  assert.ok(reply.choices[0]?.message.content);
});
