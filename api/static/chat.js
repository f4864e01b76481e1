// The chat page with a script: sends without reloading, survives a lost signal.
// Without it the same forms work as plain posts; the server renders every answer.

const STEP = { draft: "qichuang.draft", unsent: "qichuang.unsent" };
const OFFLINE = "没有发出去，可能是信号不好。重新发送不会重复记录。";
const composer = document.getElementById("composer");
const box = document.getElementById("text");
const thread = document.getElementById("thread");
const suggestions = document.getElementById("suggestions");
const status = document.getElementById("status");
const touch = matchMedia("(pointer: coarse)");
let busy = false;

// Storage may be switched off; then nothing is kept, and everything else works.
function keep(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch { /* nothing is kept */ }
}

function kept(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

// crypto.randomUUID exists on https only; a phone in the office network may use http.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function say(text) {
  status.textContent = text;
}

function setBusy(now) {
  busy = now;
  composer.querySelector("button").setAttribute("aria-disabled", String(now));
  thread.setAttribute("aria-busy", String(now));
}

function showPending(message) {
  const bubble = document.getElementById("pending").content.firstElementChild.cloneNode(true);
  bubble.querySelector(".words").textContent = message.text;
  bubble.querySelector(".retry").addEventListener("click", () => send(message, bubble));
  bubble.querySelector(".drop").addEventListener("click", () => {
    keep(STEP.unsent, "");
    bubble.remove();
    box.value = message.text;
    keep(STEP.draft, message.text);
    box.focus();
  });
  thread.append(bubble);
  return bubble;
}

function showState(bubble, why) {
  bubble.querySelector(".state").hidden = Boolean(why);
  bubble.querySelector(".failed").hidden = !why;
  bubble.querySelector(".why").textContent = why;
  bubble.scrollIntoView({ block: "center" });
}

// The same message keeps its id through every retry: the server records it once.
async function send(message, bubble) {
  if (busy) return;
  setBusy(true);
  keep(STEP.unsent, JSON.stringify(message));
  showState(bubble, "");
  say("正在查找政策…");
  try {
    showAnswer(bubble, await exchange(message));
    keep(STEP.unsent, "");
  } catch (error) {
    const why = error.advice || OFFLINE;
    showState(bubble, why);
    say(why);
  } finally {
    setBusy(false);
  }
}

function refusal(problem) {
  return Object.assign(new Error(problem.title), { advice: problem.detail });
}

async function exchange(message) {
  const response = await fetch("/messages", {
    method: "POST",
    headers: { Accept: "text/event-stream" },
    body: new URLSearchParams(message),
  });
  if (!response.ok) throw refusal(await response.json());
  for await (const { name, data } of events(response)) {
    if (name === "status") say(data.text);
    if (name === "error") throw refusal(data);
    if (name === "done") return data;
  }
  throw new Error("the stream ended early");
}

async function* events(response) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    waiting += decoder.decode(value, { stream: true });
    const complete = waiting.split("\n\n");
    waiting = complete.pop();
    for (const block of complete) {
      const name = /^event: (.*)$/m.exec(block)[1];
      yield { name, data: JSON.parse(/^data: (.*)$/m.exec(block)[1]) };
    }
  }
}

function showAnswer(bubble, reply) {
  document.getElementById("welcome")?.remove();
  document.getElementById("threadhead").hidden = false;
  document.getElementById("latest")?.removeAttribute("id");
  const holder = document.createElement("template");
  holder.innerHTML = reply.html; // rendered and escaped by our own server
  const turn = holder.content.firstElementChild;
  bubble.replaceWith(turn);
  equip(turn);
  suggestions.innerHTML = reply.suggestions;
  if (reply.handed) document.getElementById("handed").innerHTML = reply.handed;
  for (const field of document.querySelectorAll("[name=conversation_id]")) {
    field.value = reply.conversation_id;
  }
  if (location.search) history.replaceState(null, "", "/");
  say(reply.sources ? `答复完成，共 ${reply.sources} 条依据` : "答复完成");
  const answer = turn.querySelector(".answer");
  answer.focus({ preventScroll: true });
  turn.scrollIntoView({ block: "start" });
}

function equip(part) {
  for (const button of part.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Not on https: the old way.
    const field = Object.assign(document.createElement("textarea"), { value: text });
    button.after(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  button.textContent = "已复制";
  say("已复制答复和出处");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-ask]")) return;
  event.preventDefault();
  if (busy) return;
  const text = (form === composer ? box.value : event.submitter.value).trim();
  if (!text) return;
  if (form === composer) {
    box.value = "";
    keep(STEP.draft, "");
  }
  const message = {
    text,
    message_id: newId(),
    conversation_id: form.elements.conversation_id.value,
  };
  send(message, showPending(message));
});

// An opinion is stored without leaving the page.
async function rate(form, button) {
  const body = new URLSearchParams({ helpful: button.value });
  try {
    const headers = { Accept: "application/json" };
    const response = await fetch(form.action, { method: "POST", headers, body });
    if (!response.ok) throw refusal(await response.json());
    const holder = document.createElement("template");
    holder.innerHTML = (await response.json()).html; // rendered and escaped by our own server
    const part = holder.content.firstElementChild;
    form.replaceWith(part);
    const said = part.querySelector(".done");
    say(said.textContent);
    part.querySelector(`[value="${button.value}"]`).focus();
  } catch (error) {
    say(error.advice || OFFLINE);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-feedback]") || !event.submitter) return;
  event.preventDefault();
  rate(form, event.submitter);
});

// While a Chinese input method is composing, Enter chooses a word. Safari reports the
// closing Enter as key code 229 only. On touch keyboards Enter makes a new line.
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey) return;
  if (event.isComposing || event.keyCode === 229 || touch.matches) return;
  event.preventDefault();
  if (box.value.trim()) composer.requestSubmit();
});
box.addEventListener("input", () => keep(STEP.draft, box.value));
addEventListener("online", () => document.querySelector(".failed:not([hidden]) .retry")?.click());

// While people are to answer, look now and then whether they did.
async function lookForNews() {
  const box = document.querySelector("[data-handed]");
  if (!box || !box.dataset.open || document.hidden || box.contains(document.activeElement)) return;
  const response = await fetch(`/handed/${box.dataset.handed}/news?after=${box.dataset.last}`);
  if (!response.ok) return;
  const news = await response.json();
  const holder = document.createElement("template");
  for (const html of news.turns) {
    holder.innerHTML = html; // rendered and escaped by our own server
    const turn = holder.content.firstElementChild;
    thread.append(turn);
    equip(turn);
  }
  if (news.turns.length) say("工作人员答复了您");
  box.parentElement.innerHTML = news.box;
}
setInterval(() => lookForNews().catch(() => {}), 20000);

equip(document);
if (!box.value) box.value = kept(STEP.draft) ?? "";
const unsent = kept(STEP.unsent);
if (unsent) {
  const message = JSON.parse(unsent);
  showState(showPending(message), OFFLINE);
} else if (document.getElementById("latest")) {
  document.getElementById("latest").closest(".turn").scrollIntoView({ block: "start" });
}
