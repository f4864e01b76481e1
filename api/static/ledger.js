// Keys for the ledger: J and K walk through the rows of a list, or from record to record; O
// opens; A and R open the form to approve or to return a record. Everything works without them, and a button switches them off for good.

const SWITCHED_OFF = "qichuang_keys_off";
const help = document.querySelector(".ledger-keys");
const button = help?.querySelector("button");
const rows = [...document.querySelectorAll("a.ledger-row")];

function stored() {
  try {
    return localStorage.getItem(SWITCHED_OFF) === "1";
  } catch {
    return false; // a browser that keeps nothing
  }
}

let off = stored();

function show() {
  button.setAttribute("aria-pressed", String(off));
}

function move(step) {
  if (!rows.length) {
    document.querySelector(`a[rel=${step > 0 ? "next" : "prev"}]`)?.click();
    return;
  }
  const here = document.activeElement?.closest("tr")?.querySelector("a.ledger-row");
  const place = here ? rows.indexOf(here) + step : 0;
  rows[Math.min(Math.max(place, 0), rows.length - 1)].focus();
}

function open() {
  document.activeElement?.closest("tr")?.querySelector("a.ledger-row")?.click();
}

// Only opens the form and goes there: what is decided is ticked, written and sent by hand.
function decide(action) {
  const form = document.querySelector(`#act button[name=action][value=${action}]`)?.closest("details");
  if (!form) return;
  form.open = true;
  form.querySelector("input:not([type=hidden]), select, textarea, button").focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  o: open,
  a: () => decide("approve"),
  r: () => decide("return"),
};
const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable]";

if (help) {
  help.hidden = false;
  show();
  button.addEventListener("click", () => {
    off = !off;
    show();
    try {
      localStorage.setItem(SWITCHED_OFF, off ? "1" : "0");
    } catch {
      // it holds until the page is left
    }
  });
  document.addEventListener("keydown", (event) => {
    const action = KEYS[event.key.toLowerCase()];
    const held = event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
    if (!action || off || held || event.target.closest(TYPING)) return;
    event.preventDefault();
    action();
  });
}
