/** ntdemo from TypeScript: every operation of its services, typed by their documents; problems as errors, lists page by page. */

import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { paths as ChatbotPaths } from "./generated/chatbot.js";
import type { components as ScoresComponents, paths as ScoresPaths } from "./generated/scores.js";
import type { components as TrainerComponents, paths as TrainerPaths } from "./generated/trainer.js";

export type { ChatbotPaths, ScoresComponents, ScoresPaths, TrainerComponents, TrainerPaths };

/** A problem document (RFC 9457), with whatever its type says beside the standard members. */
export type ProblemDocument = ScoresComponents["schemas"]["ProblemDocument"] & Record<string, unknown>;
export type Job = TrainerComponents["schemas"]["JobResource"];
export type JobRequest = TrainerComponents["schemas"]["JobRequest"];

/** Where the services answer; `key` is that of those who may hand in jobs. */
export interface Addresses {
  scores?: string;
  trainer?: string;
  chatbot?: string;
  key?: string;
}

export interface Ntdemo {
  scores: Client<ScoresPaths>;
  trainer: Client<TrainerPaths>;
  chatbot: Client<ChatbotPaths>;
}

/** A service answered with a problem; `slug` is the last part of its type, which never changes. */
export class Problem extends Error {
  readonly slug: string;
  readonly status: number;

  constructor(readonly document: ProblemDocument) {
    super(document.detail);
    this.name = "Problem";
    this.slug = document.type.split("/").at(-1) ?? document.type;
    this.status = document.status;
  }
}

const PROBLEM = "application/problem+json";

const problemsAreErrors: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    if (response.headers.get("content-type")?.startsWith(PROBLEM)) throw new Problem((await response.json()) as ProblemDocument);
    throw new Error(`${response.url} is no service of ntdemo: status ${response.status}`);
  },
};

/** The clients of all services; `make run` serves at the addresses they take where none is given. */
export function connect(addresses: Addresses = {}): Ntdemo {
  const headers = addresses.key === undefined ? {} : { Authorization: `Bearer ${addresses.key}` };
  const scores = createClient<ScoresPaths>({ baseUrl: addresses.scores ?? "http://localhost:3030", headers });
  const trainer = createClient<TrainerPaths>({ baseUrl: addresses.trainer ?? "http://localhost:3031", headers });
  const chatbot = createClient<ChatbotPaths>({ baseUrl: addresses.chatbot ?? "http://localhost:3032", headers });
  for (const client of [scores, trainer, chatbot] as { use(middleware: Middleware): void }[]) client.use(problemsAreErrors);
  return { scores, trainer, chatbot };
}

/** What a client's method answers, which is there because every failure has been thrown. */
export async function answer<T>(question: Promise<{ data?: T }>): Promise<T> {
  const { data } = await question;
  if (data === undefined) throw new Error("the service answered without a body");
  return data;
}

/** Every item of a list; `page` asks for one page, the first for an undefined cursor. */
export async function* pages<T>(page: (cursor?: string) => Promise<{ items: T[]; next: string | null }>): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const { items, next } = await page(cursor);
    yield* items;
    cursor = next ?? undefined;
  } while (cursor !== undefined);
}

/** Hands in a job, waits until it has ended, and answers it; a job that failed or was cancelled is thrown. */
export async function train(ntdemo: Ntdemo, request: JobRequest, options: { key?: string; pollMs?: number } = {}): Promise<Job> {
  const key = options.key ?? crypto.randomUUID();
  let job = await answer(ntdemo.trainer.POST("/v1/jobs", { body: request, params: { header: { "idempotency-key": key } } }));
  while (!["succeeded", "failed", "cancelled"].includes(job.state)) {
    await new Promise((resolve) => setTimeout(resolve, options.pollMs ?? 500));
    job = await answer(ntdemo.trainer.GET("/v1/jobs/{job}", { params: { path: { job: job.id } } }));
  }
  if (job.problem) throw new Problem(job.problem as ProblemDocument);
  if (job.state === "cancelled") throw new Error(`job ${job.id} was cancelled`);
  return job;
}
