// The chat page: keeps the conversation of this tab, asks for the next reply as any OpenAI client does, and shows it as it comes.

const WORDS = {
  en: {
    skip: "Skip to the message",
    title: "chat",
    language: "Language of the bot",
    new: "New chat",
    welcome: "Say something.",
    explanation:
      "A small bot, trained from scratch on open conversations. It makes things up; about fragments it looks the numbers up.",
    conversation: "Conversation",
    message: "Message",
    hint: "Message",
    send: "Send",
    stop: "Stop",
    about: "About this bot",
    you: "You: ",
    bot: "Bot: ",
    writing: "The bot is writing.",
    stopped: "Stopped.",
    silent: "The bot said nothing.",
    broken: "The connection broke before the reply was whole.",
    unreachable: "The chatbot does not answer. Is it still running?",
    again: "Try again",
    fresh: "New chat. Nothing of the last one is kept.",
    suggestions: ["How was your weekend?", "What music do you like?"],
    drawing: (name) => `Structure of ${name}`,
    unserved: (reason) => `Another bot is to be here: ${reason}.`,
    card: (card) =>
      `${card.architecture === "gru" ? "GRU" : "Transformer"} of ${card.parameters.toLocaleString("en")} parameters, ` +
      `${card.steps.toLocaleString("en")} steps on ${card.exchanges.toLocaleString("en")} exchanges` +
      `${card.perplexity === null ? "" : `, perplexity ${card.perplexity.toFixed(1)} a word`}; run ${card.run}, ` +
      `${card.published ? "trained here" : "shipped"}. Licence ${card.licence}. ${card.attribution.join(" · ")}`,
  },
  ja: {
    skip: "メッセージ欄へ",
    title: "チャット",
    language: "ボットの言語",
    new: "新しい会話",
    welcome: "話しかけてください。",
    explanation:
      "公開されている会話から一から学んだ小さなボットです。作り話もします。フラグメントについては数値を調べて答えます。",
    conversation: "会話",
    message: "メッセージ",
    hint: "メッセージ",
    send: "送信",
    stop: "止める",
    about: "このボットについて",
    you: "あなた：",
    bot: "ボット：",
    writing: "ボットが書いています。",
    stopped: "止めました。",
    silent: "ボットは何も言いませんでした。",
    broken: "返事の途中で接続が切れました。",
    unreachable: "チャットボットが応答しません。動いていますか。",
    again: "もう一度",
    fresh: "新しい会話です。前の会話は残っていません。",
    suggestions: ["週末は何をしましたか？", "好きな食べ物は何ですか？"],
    drawing: (name) => `${name}の構造`,
    unserved: (reason) => `ここには別のボットが入る予定です（${reason}）。`,
    card: (card) =>
      `${card.architecture === "gru" ? "GRU" : "Transformer"}、パラメータ ${card.parameters.toLocaleString("ja")} 個、` +
      `${card.exchanges.toLocaleString("ja")} 組の会話で ${card.steps.toLocaleString("ja")} ステップ学習` +
      `${card.perplexity === null ? "" : `、1文字あたりパープレキシティ ${card.perplexity.toFixed(1)}`}。実行 ${card.run}、` +
      `${card.published ? "この環境で学習" : "同梱"}。ライセンス ${card.licence}。${card.attribution.join("・")}`,
  },
};
const REMEMBERED_EXCHANGES = 6;
const MOST_DRAWINGS = 6;
const ADDRESS = /https?:\/\/[^\s、。]+/g;
const element = (id) => document.getElementById(id);
const form = element("form");
const message = element("message");
const log = element("log");
const main = document.querySelector("main");

/** One message and what came of it: {user, bot, drawings, state} with state "done", "stopped", "failed" or "writing". */
let exchanges = [];
/** Questions about the current run's fragments, by language. */
const askable = { en: [], ja: [] };
let language = "en";
let running = null;

// ---- what is shown ----------------------------------------------------------------------------------------------------------

const words = () => WORDS[language];

function show() {
  document.documentElement.lang = language;
  document.title = language === "ja" ? "チャット – ntdemo" : "Chat – ntdemo";
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = words()[each.dataset.text];
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", words()[each.dataset.label]);
  for (const each of document.querySelectorAll("[data-hint]")) each.placeholder = words()[each.dataset.hint];
  for (const each of document.querySelectorAll("[name=language]")) each.checked = each.value === language;
  showSuggestions();
  log.replaceChildren(...exchanges.flatMap((exchange) => [entry("user", exchange), entry("bot", exchange)]));
  element("welcome").hidden = exchanges.length > 0;
  showRunning();
  toTheEnd();
}

function showSuggestions() {
  element("suggestions").replaceChildren(...[...words().suggestions, ...askable[language]].map(suggestion));
}

function showRunning() {
  element("send").hidden = running !== null;
  element("stop").hidden = running === null;
}

function suggestion(text) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", () => say(text));
  item.append(button);
  return item;
}

function entry(who, exchange) {
  const item = document.createElement("li");
  item.className = who;
  const speaker = document.createElement("span");
  speaker.className = "unseen";
  speaker.textContent = who === "user" ? words().you : words().bot;
  const text = document.createElement("p");
  text.className = "text";
  item.append(speaker, text);
  if (who === "user") {
    text.textContent = exchange.user;
    return item;
  }
  exchange.shown = item;
  refresh(exchange);
  return item;
}

/** Show what a reply has become. */
function refresh(exchange) {
  const item = exchange.shown;
  if (!item) return;
  const text = item.querySelector(".text");
  item.classList.toggle("writing", exchange.state === "writing");
  text.replaceChildren(...linked(exchange.bot.replaceAll(" %", "\u00a0%")));
  text.hidden = exchange.bot === "" && exchange.state !== "writing";
  item.querySelector(".drawings")?.remove();
  if (exchange.drawings?.length) item.append(drawings(exchange.drawings));
  item.querySelector(".remark")?.remove();
  const remark = { stopped: words().stopped, failed: exchange.reason, done: exchange.bot === "" ? words().silent : "" }[exchange.state];
  if (!remark) return;
  const line = document.createElement("p");
  line.className = "remark";
  line.textContent = `${remark} `;
  if (exchange === exchanges.at(-1)) line.append(retry());
  item.append(line);
}

/** The structures that an answer names; one that cannot be drawn is left out. */
function drawings(fragments) {
  const list = document.createElement("ul");
  list.className = "drawings";
  for (const { name, smiles } of fragments) {
    const item = document.createElement("li");
    const picture = document.createElement("img");
    picture.src = `v1/drawings?${new URLSearchParams({ smiles })}`;
    picture.alt = words().drawing(name);
    picture.width = 132;
    picture.height = 76;
    picture.addEventListener("error", () => item.remove());
    const caption = document.createElement("span");
    caption.textContent = name;
    item.append(picture, caption);
    list.append(item);
  }
  return list;
}

/** What an answer's data have of structures: what was asked about, then what was found. */
function drawable(lookup) {
  const named = [...(lookup.fragments ?? []), ...(lookup.items ?? [])].filter(({ smiles }) => smiles);
  const once = new Map(named.map(({ name, smiles }) => [smiles, { name, smiles }]));
  return [...once.values()].slice(0, MOST_DRAWINGS);
}

function retry() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = words().again;
  button.addEventListener("click", () => {
    const last = exchanges.pop();
    show();
    say(last.user);
  });
  return button;
}

/** Text with its addresses as links; everything else stays text. */
function* linked(text) {
  let end = 0;
  for (const found of text.matchAll(ADDRESS)) {
    yield text.slice(end, found.index);
    const link = document.createElement("a");
    link.href = found[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    const address = new URL(found[0]);
    link.textContent = `${address.host}${address.pathname}`;
    yield link;
    end = found.index + found[0].length;
  }
  yield text.slice(end);
}

function toTheEnd() {
  main.scrollTop = main.scrollHeight;
}

function tell(sentence) {
  element("spoken").textContent = sentence;
}

function notice(sentence) {
  const place = element("notice");
  place.textContent = sentence;
  place.hidden = sentence === "";
}

// ---- what is remembered: in this tab, until it is closed --------------------------------------------------------------------

function remember(spoken, conversation) {
  const kept = conversation.filter((exchange) => exchange.state !== "writing");
  const plain = kept.map(({ user, bot, drawings, state, reason }) => ({ user, bot, drawings, state, reason }));
  try {
    sessionStorage.setItem(spoken, JSON.stringify(plain));
  } catch {
    // Storage may be full or forbidden: the conversation goes on without it.
  }
}

function recall() {
  try {
    exchanges = JSON.parse(sessionStorage.getItem(language)) ?? [];
  } catch {
    exchanges = [];
  }
}

// ---- asking ----------------------------------------------------------------------------------------------------------------

async function say(text) {
  if (running !== null || text.trim() === "") return;
  const before = exchanges.filter((exchange) => exchange.bot !== "").slice(-REMEMBERED_EXCHANGES);
  const messages = before.flatMap(({ user, bot }) => [
    { role: "user", content: user },
    { role: "assistant", content: bot },
  ]);
  messages.push({ role: "user", content: text });
  const exchange = { user: text, bot: "", drawings: [], state: "writing", reason: "" };
  exchanges.push(exchange);
  const [spoken, conversation] = [language, exchanges];
  const asking = new AbortController();
  running = asking;
  notice("");
  show();
  tell(words().writing);
  try {
    await receive(messages, exchange, asking.signal);
    exchange.state = "done";
    tell(`${words().bot}${exchange.bot || words().silent}`);
  } catch (error) {
    const stopped = error.name === "AbortError";
    exchange.state = stopped ? "stopped" : "failed";
    exchange.reason = error instanceof Refused ? error.message : exchange.bot ? words().broken : words().unreachable;
    if (running === asking) tell(stopped ? `${words().stopped} ${exchange.bot}` : exchange.reason);
  }
  remember(spoken, conversation);
  refresh(exchange);
  if (running !== asking) return; // the reader has gone on to another conversation
  running = null;
  showRunning();
  toTheEnd();
  message.focus();
}

/** Stop writing because another conversation is shown from now on. */
function leave() {
  running?.abort();
  running = null;
}

class Refused extends Error {}

async function receive(messages, exchange, signal) {
  const response = await fetch("v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model: `ntdemo-${language}`, messages, stream: true }),
    signal,
  });
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Refused(problem.detail ?? words().unreachable);
  }
  for await (const data of events(response.body)) {
    if (data === "[DONE]") return;
    const event = JSON.parse(data);
    if (event.error) throw new Refused(event.error.message);
    const delta = event.choices[0]?.delta ?? {};
    if (delta.lookup) exchange.drawings = drawable(delta.lookup);
    const added = delta.content ?? "";
    if (added === "") continue;
    const atTheEnd = main.scrollHeight - main.scrollTop - main.clientHeight < 64;
    exchange.bot += added;
    refresh(exchange);
    if (atTheEnd) toTheEnd();
  }
  throw new Error("the stream ended early");
}

/** The data of server-sent events. */
async function* events(body) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const whole = rest.split("\n\n");
    rest = whole.pop();
    for (const event of whole) if (event.startsWith("data: ")) yield event.slice("data: ".length);
  }
}

/** Say who the bot is, or why there is none: no other language answers in its place. */
async function introduce() {
  const asked = language;
  const model = `ntdemo-${asked}`;
  let models;
  try {
    models = await (await fetch("v1/models")).json();
  } catch {
    notice(words().unreachable);
    return;
  }
  if (asked !== language) return;
  const card = models.data.find((each) => each.id === model)?.card;
  element("about").hidden = card === undefined;
  const unserved = models.unserved[model];
  element("card").textContent = card ? `${words().card(card)}${unserved ? ` ${words().unserved(unserved)}` : ""}` : "";
  const missing = models.missing[model];
  notice(missing ? (asked === "ja" ? `日本語のボットはここにはいません（${missing}）。` : `The English bot is not here: ${missing}.`) : "");
}

/** Learn what can be asked about the current run; without one, or without the scores API, there is nothing to suggest. */
async function suggest() {
  const asked = language;
  try {
    const response = await fetch(`v1/suggestions?${new URLSearchParams({ language: asked })}`);
    askable[asked] = response.ok ? (await response.json()).questions : [];
  } catch {
    askable[asked] = [];
  }
  if (asked === language) showSuggestions();
}

// ---- what the reader does ---------------------------------------------------------------------------------------------------

function choose(wanted) {
  leave();
  language = wanted;
  recall();
  const address = new URL(location.href);
  address.searchParams.set("language", language);
  history.replaceState(null, "", address);
  show();
  introduce();
  suggest();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = message.value;
  if (running !== null || text.trim() === "") return;
  message.value = "";
  say(text);
});
message.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort();
});
element("stop").addEventListener("click", () => running?.abort());
element("new").addEventListener("click", () => {
  leave();
  exchanges.length = 0;
  remember(language, exchanges);
  notice("");
  show();
  tell(words().fresh);
  message.focus();
});
for (const each of document.querySelectorAll("[name=language]")) each.addEventListener("change", () => choose(each.value));

const asked = new URL(location.href).searchParams.get("language");
choose(Object.hasOwn(WORDS, asked) ? asked : navigator.language.startsWith("ja") ? "ja" : "en");
message.focus();
