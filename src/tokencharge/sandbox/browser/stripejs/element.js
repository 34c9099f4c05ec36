/** The Elements that take a card: the Card Element in one line, the Payment Element with a label over each field. */

const LOOK = `
  :host { display: block; }
  input {
    min-width: 0; font: inherit; font-family: var(--family, inherit); font-size: var(--size, inherit);
    font-variant-numeric: tabular-nums;
  }
  :host(:dir(rtl)) input { text-align: end; }
  input:disabled { opacity: 0.6; }
  input::placeholder { color: var(--placeholder, currentcolor); opacity: 1; }
  p { margin: 0.375rem 0 0; font-size: 0.8125rem; line-height: 1.4; }
`;

const LOOK_OF = {
  card: `
    .fields { display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; }
    span { display: none; }
    label { display: contents; }
    input { padding: 0; border: 0; background: transparent; outline: 0; color: var(--color, inherit); }
    input[aria-invalid="true"]:not(:placeholder-shown) { color: var(--invalid, inherit); text-decoration: underline wavy; }
    input:focus { box-shadow: 0 2px currentcolor; }
    .number { flex: 1 1 10.75em; }
    .exp { flex: 0 1 4.25em; }
    .cvc { flex: 0 1 2.75em; }
    p { color: var(--placeholder, currentcolor); }
  `,
  payment: `
    :host { color: var(--color, inherit); font-family: var(--family, inherit); }
    .fields { display: grid; grid-template-columns: 1fr 1fr; align-items: end; gap: 0.75rem; }
    label:first-child { grid-column: 1 / -1; }
    span { display: block; margin-bottom: 0.25rem; font-size: 0.9375rem; }
    input {
      box-sizing: border-box; width: 100%; min-height: 2.75rem; padding: 0.5rem 0.75rem;
      border: 1px solid var(--border, currentcolor); border-radius: var(--radius, 0.375rem);
      color: inherit; background: var(--background, transparent);
    }
    input::placeholder { color: var(--placeholder, color-mix(in srgb, currentcolor 65%, transparent)); }
    input:focus { outline: 2px solid var(--primary, currentcolor); outline-offset: 1px; }
    input[aria-invalid="true"] { border-color: var(--invalid, currentcolor); border-width: 2px; }
    .problem { min-height: 1.4em; color: var(--invalid, inherit); font-weight: 600; }
    .fields[hidden] { display: none; }
    button {
      width: 100%; min-height: 2.75rem; margin-bottom: 0.75rem; font: inherit; font-family: var(--family, inherit);
      color: inherit; background: transparent; border: 1px solid currentcolor; border-radius: var(--radius, 0.375rem);
      cursor: pointer;
    }
    button:focus-visible { outline: 2px solid var(--primary, currentcolor); outline-offset: 1px; }
    button[aria-pressed="true"] { border-width: 2px; font-weight: 600; }
  `,
};

const className = (/** @type {string} */ state) => `StripeElement--${state}`;

const ADDRESS = ["line1", "line2", "city", "state", "postal_code", "country"];

/**
 * What a page has told an Element never to ask for, by its place in `billing_details`.
 *
 * @param {any} fields
 */
function neverAsked(fields) {
  const all = ["name", "email", "phone", ...ADDRESS.map((part) => `address.${part}`)];
  if (fields === "never") return all;
  return all.filter((path) => {
    const [first, part] = path.split(".");
    const said = fields[first];
    return said === "never" || (part !== undefined && said?.[part.replace("_c", "C")] === "never");
  });
}

class IntegrationError extends Error {
  name = "IntegrationError";
}

/** An Element that takes a card. `hidePostalCode`, `layout` and the like make no difference: it asks for a card and nothing else. */
class CardFields {
  /** @type {string[]} What of `billing_details` the page itself passes. */ never = [];
  /** @type {Record<string, Function[]>} */ #handlers = {};
  /** @type {Record<string, HTMLInputElement>} */ #inputs = {};
  /** @type {Element | null} */ #container = null;
  #host = document.createElement("div");
  #problem = document.createElement("p");
  #fields = document.createElement("div");
  /** @type {HTMLButtonElement | undefined} */ #wallet;

  /**
   * @param {"card" | "payment"} kind
   * @param {any} [options]
   * @param {string} [locale]
   */
  constructor(kind, options = {}, locale = undefined) {
    this.kind = kind;
    this.never = neverAsked(options.fields?.billingDetails ?? {});
    const root = this.#host.attachShadow({ mode: "open" });
    // A constructed sheet is no inline style: pages may forbid those.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(LOOK + LOOK_OF[kind]);
    root.adoptedStyleSheets = [sheet];
    this.#fields.className = "fields";
    const labels = labelsFor(locale);
    FIELDS.forEach(({ name, ...attributes }, at) => this.#fields.append(this.#field(name, labels[at], attributes)));
    const note = document.createElement("p");
    note.textContent = "Sandbox: use 4242 4242 4242 4242, any later date and any CVC. Not a real card.";
    // What is said beside the labels is English, whatever the page is in.
    Object.assign(note, { lang: "en", dir: "ltr" });
    Object.assign(this.#problem, { className: "problem", id: "problem", role: "alert", lang: "en", dir: "ltr" });
    if (kind === "payment" && options.wallets?.applePay !== "never") root.append((this.#wallet = this.#walletButton()));
    root.append(this.#fields, ...(kind === "payment" ? [this.#problem] : []), note);
    root.addEventListener("focusin", () => this.#focused(true));
    root.addEventListener("focusout", () => this.#focused(false));
    this.update(options);
  }

  /** @param {string | Element} target */
  mount(target) {
    const container = typeof target === "string" ? document.querySelector(target) : target;
    if (!container) throw new IntegrationError(`The selector you specified (${target}) applies to no DOM elements.`);
    this.#container = container;
    container.replaceChildren(this.#host);
    container.classList.add("StripeElement");
    this.#mark();
    setTimeout(() => this.#emit("ready", {}));
  }

  unmount() {
    this.#host.remove();
    this.#container?.classList.remove("StripeElement", ...["empty", "complete", "invalid", "focus"].map(className));
    this.#container = null;
  }

  destroy() {
    this.unmount();
  }

  /** What the buyer pays with: a card, or the wallet that they have chosen instead. */
  get chosen() {
    return this.#wallet?.ariaPressed === "true" ? "apple_pay" : "card";
  }

  clear() {
    for (const input of Object.values(this.#inputs)) input.value = "";
    this.#changed();
  }

  focus() {
    if (this.chosen === "card") this.#inputs[this.check(true).at ?? "number"].focus();
    else this.#wallet?.focus();
  }

  blur() {
    for (const input of Object.values(this.#inputs)) input.blur();
  }

  /** @param {{style?: any, disabled?: boolean, readOnly?: boolean}} options */
  update({ style, disabled, readOnly = disabled }) {
    if (style) {
      const { base = {}, invalid = {} } = style;
      this.dress({
        "--color": base.color,
        "--family": base.fontFamily,
        "--size": base.fontSize,
        "--placeholder": base["::placeholder"]?.color,
        "--invalid": invalid.color,
      });
    }
    if (readOnly !== undefined) for (const input of Object.values(this.#inputs)) input.disabled = readOnly;
    return this;
  }

  /** @param {Record<string, string | undefined>} look */
  dress(look) {
    for (const [name, value] of Object.entries(look)) this.#host.style.setProperty(name, value ?? "");
  }

  /**
   * @param {string} event
   * @param {Function} handler
   */
  on(event, handler) {
    (this.#handlers[event] ??= []).push(handler);
    return this;
  }

  /**
   * @param {string} event
   * @param {Function} handler
   */
  off(event, handler) {
    this.#handlers[event] = (this.#handlers[event] ?? []).filter((each) => each !== handler);
    return this;
  }

  /**
   * The first thing that is wrong, and in which field; what is only unfinished counts if `sent`.
   *
   * @returns {{at?: string, error?: {type: string, code: string, message: string}}}
   */
  check(sent = false) {
    if (this.chosen !== "card") return {};
    for (const { name: at } of FIELDS) {
      const { wrong, short = undefined } = /** @type {any} */ (CHECKS[at](digitsOf(this.#inputs[at].value)));
      const found = wrong ?? (sent ? short : undefined);
      if (found) return { at, error: { type: "validation_error", code: found[0], message: found[1] } };
    }
    return {};
  }

  /** Show what is wrong at sending. */
  refuse() {
    const found = this.check(true);
    this.#mark(found);
    return found;
  }

  /** A wallet's button: Stripe's Element shows one where browser and buyer have that wallet, the sandbox's always. */
  #walletButton() {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: "Use the sandbox's wallet", ariaPressed: "false" });
    Object.assign(button, { lang: "en", dir: "ltr" });
    button.addEventListener("click", () => {
      button.ariaPressed = String(this.chosen === "card");
      this.#fields.hidden = this.chosen !== "card";
      this.#changed();
    });
    return button;
  }

  get card() {
    const exp = digitsOf(this.#inputs.exp.value);
    return {
      number: digitsOf(this.#inputs.number.value),
      exp_month: exp.slice(0, 2),
      exp_year: exp.slice(2),
      cvc: digitsOf(this.#inputs.cvc.value),
    };
  }

  get mounted() {
    return this.#container !== null;
  }

  /**
   * @param {"number" | "exp" | "cvc"} name
   * @param {string} label
   * @param {object} attributes
   */
  #field(name, label, attributes) {
    const input = document.createElement("input");
    Object.assign(input, attributes, { className: name, inputMode: "numeric", spellcheck: false, dir: "ltr" });
    input.setAttribute("aria-label", label);
    if (this.kind === "payment") input.setAttribute("aria-describedby", "problem");
    input.addEventListener("input", () => this.#typed(name));
    input.addEventListener("keydown", (event) => {
      // A form does not see fields in a shadow tree, so Enter has to be passed on.
      if (event.key === "Enter") this.#container?.closest("form")?.requestSubmit();
    });
    this.#inputs[name] = input;
    const [words, box] = [document.createElement("span"), document.createElement("label")];
    words.textContent = label.split("(")[0].trim();
    box.append(words, input);
    return box;
  }

  /**
   * Put the digits in shape, and the caret back behind the digit it stood behind.
   *
   * @param {"number" | "exp" | "cvc"} name
   */
  #typed(name) {
    const input = this.#inputs[name];
    const before = digitsOf(input.value.slice(0, input.selectionStart ?? 0)).length;
    const atEnd = input.selectionStart === input.value.length;
    input.value = SHAPES[name](digitsOf(input.value));
    if (!atEnd) {
      let caret = 0;
      for (let seen = 0; seen < before && caret < input.value.length; caret++) seen += /\d/.test(input.value[caret]) ? 1 : 0;
      input.setSelectionRange(caret, caret);
    }
    this.#changed();
  }

  #changed() {
    const found = this.check();
    this.#mark(found);
    const complete = !this.check(true).error;
    const empty = Object.values(this.#inputs).every((input) => !input.value);
    const details = { brand: brandOf(this.card.number).brand, error: found.error, value: { postalCode: "" } };
    this.#emit("change", {
      complete,
      empty,
      ...(this.kind === "card" ? details : { collapsed: false, value: { type: this.chosen } }),
    });
  }

  /** @param {boolean} on */
  #focused(on) {
    this.#container?.classList.toggle(className("focus"), on);
    this.#emit(on ? "focus" : "blur", {});
  }

  /** @param {{at?: string, error?: {message: string}}} [found] */
  #mark({ at, error } = {}) {
    for (const [name, input] of Object.entries(this.#inputs)) input.ariaInvalid = String(name === at);
    this.#problem.textContent = error?.message ?? "";
    const classes = this.#container?.classList;
    classes?.toggle(className("invalid"), at !== undefined);
    classes?.toggle(className("complete"), !this.check(true).error);
    classes?.toggle(className("empty"), Object.values(this.#inputs).every((input) => !input.value));
  }

  /**
   * @param {string} event
   * @param {object} details
   */
  #emit(event, details) {
    for (const handler of this.#handlers[event] ?? []) handler({ elementType: this.kind, ...details });
  }
}
