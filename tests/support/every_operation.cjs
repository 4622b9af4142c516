/** Asks what it reads on standard input through a client that openapi-generator made, and prints what came of each question. */

const { readFileSync } = require("node:fs");

const { made, base, questions } = JSON.parse(readFileSync(0, "utf8"));
const client = require(made);
const configuration = new client.Configuration({ basePath: base });
const apis = Object.entries(client).flatMap(([name, Api]) => (name.endsWith("Api") ? [new Api(configuration)] : []));

async function answer({ method, given, upload }) {
  const api = apis.find((each) => method in each);
  if (api === undefined) return { error: "no API has it" };
  try {
    const response = await api[`${method}Raw`](upload === undefined ? given : { ...given, body: new Blob([upload]) });
    await response.value();
    return { status: response.raw.status };
  } catch (error) {
    if (error.response === undefined) return { error: `${error.stack} ${error.cause}` };
    return { status: error.response.status, problem: await error.response.json() };
  }
}

async function main() {
  const told = {};
  for (const question of questions) told[question.operation] = await answer(question);
  console.log(JSON.stringify(told));
}

main();
