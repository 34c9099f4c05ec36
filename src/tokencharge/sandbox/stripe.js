/**
 * The sandbox's stand-in for Stripe.js: as much of it as makes a token from a card, in the same shape.
 *
 * It serves tests and demos. Unlike Stripe's it has no frames: card numbers are typed into the page itself, so it
 * is only for cards that open nothing. Tokens come from the server that this script came from.
 */
(() => {
  "use strict";

  const API = new URL(/** @type {HTMLScriptElement} */ (document.currentScript).src).origin;

  /** Number prefixes, and how many digits follow at least; anything else has 16. */
  const BRANDS = [
    { brand: "visa", starts: /^4/, digits: 16 },
    { brand: "mastercard", starts: /^(5[1-5]|2[2-7])/, digits: 16 },
    { brand: "amex", starts: /^3[47]/, digits: 15 },
    { brand: "diners", starts: /^3[068]/, digits: 14 },
    { brand: "discover", starts: /^6(011|4|5)/, digits: 16 },
    { brand: "jcb", starts: /^35/, digits: 16 },
    { brand: "unionpay", starts: /^62/, digits: 16 },
  ];
  const UNKNOWN = { brand: "unknown", digits: 16 };

  const LOOK = `
    :host { display: block; }
    .row { display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; }
    input {
      min-width: 0; padding: 0; border: 0; background: transparent; outline: 0;
      color: var(--color, inherit); font: inherit; font-family: var(--family, inherit); font-size: var(--size, inherit);
      font-variant-numeric: tabular-nums;
    }
    input:disabled { opacity: 0.6; }
    input::placeholder { color: var(--placeholder, currentcolor); opacity: 1; }
    input[aria-invalid="true"]:not(:placeholder-shown) { color: var(--invalid, inherit); text-decoration: underline wavy; }
    input:focus { box-shadow: 0 2px currentcolor; }
    .number { flex: 1 1 10.75em; }
    .exp { flex: 0 1 4.25em; }
    .cvc { flex: 0 1 2.75em; }
    p { margin: 0.375rem 0 0; color: var(--placeholder, currentcolor); font-size: 0.8125rem; line-height: 1.4; }
  `;

  const digitsOf = (/** @type {string} */ text) => text.replace(/\D/g, "");
  const brandOf = (/** @type {string} */ number) => BRANDS.find(({ starts }) => starts.test(number)) ?? UNKNOWN;

  /** @param {string} number */
  function luhn(number) {
    const weighed = [...number].reverse().map((digit, at) => {
      const value = Number(digit) * (at % 2 ? 2 : 1);
      return value > 9 ? value - 9 : value;
    });
    return weighed.reduce((sum, value) => sum + value, 0) % 10 === 0;
  }

  /** What is typed, as it is shown: each is given the digits. */
  const SHAPES = {
    number: (/** @type {string} */ digits) =>
      brandOf(digits).brand === "amex"
        ? [digits.slice(0, 4), digits.slice(4, 10), digits.slice(10, 15)].filter(Boolean).join(" ")
        : (digits.slice(0, 19).match(/.{1,4}/g) ?? []).join(" "),
    exp: (/** @type {string} */ digits) => {
      const padded = /^[2-9]/.test(digits) ? `0${digits}` : digits;
      return padded.length > 2 ? `${padded.slice(0, 2)} / ${padded.slice(2, 4)}` : padded;
    },
    cvc: (/** @type {string} */ digits) => digits.slice(0, 4),
  };

  /** What is wrong with the digits of a field: `wrong` may be said while typing, `short` once the form is sent. */
  const CHECKS = {
    number: (/** @type {string} */ digits) => {
      const complete = digits.length >= brandOf(digits).digits;
      if (!complete) return { short: ["incomplete_number", "Your card number is incomplete."] };
      return luhn(digits) ? {} : { wrong: ["invalid_number", "Your card number is invalid."] };
    },
    exp: (/** @type {string} */ digits) => {
      if (digits.length < 4) return { short: ["incomplete_expiry", "Your card's expiration date is incomplete."] };
      const [month, year] = [Number(digits.slice(0, 2)), 2000 + Number(digits.slice(2))];
      const now = new Date();
      if (month < 1 || month > 12) return { wrong: ["invalid_expiry_month", "Your card's expiration month is invalid."] };
      if (year < now.getFullYear() || (year === now.getFullYear() && month <= now.getMonth()))
        return { wrong: ["invalid_expiry_year_past", "Your card's expiration date is in the past."] };
      return {};
    },
    cvc: (/** @type {string} */ digits) =>
      digits.length < 3 ? { short: ["incomplete_cvc", "Your card's security code is incomplete."] } : {},
  };

  const FIELDS = /** @type {const} */ ([
    { name: "number", label: "Card number", placeholder: "1234 1234 1234 1234", autocomplete: "cc-number" },
    { name: "exp", label: "Expiry date, month and year", placeholder: "MM / YY", autocomplete: "cc-exp" },
    { name: "cvc", label: "Security code (CVC)", placeholder: "CVC", autocomplete: "cc-csc" },
  ]);

  class IntegrationError extends Error {
    name = "IntegrationError";
  }

  /** The Card Element. `hidePostalCode` makes no difference: it never asks for a postal code. */
  class CardElement {
    /** @type {Record<string, Function[]>} */ #handlers = {};
    /** @type {Record<string, HTMLInputElement>} */ #inputs = {};
    /** @type {Element | null} */ #container = null;
    #host = document.createElement("div");

    /** @param {{style?: any, disabled?: boolean, hidePostalCode?: boolean}} options */
    constructor(options = {}) {
      const root = this.#host.attachShadow({ mode: "open" });
      // A constructed sheet is no inline style: pages may forbid those.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(LOOK);
      root.adoptedStyleSheets = [sheet];
      const row = document.createElement("div");
      row.className = "row";
      for (const { name, label, ...attributes } of FIELDS) {
        const input = document.createElement("input");
        Object.assign(input, attributes, { className: name, inputMode: "numeric", spellcheck: false });
        input.setAttribute("aria-label", label);
        input.addEventListener("input", (event) => this.#typed(name, /** @type {InputEvent} */ (event)));
        input.addEventListener("keydown", (event) => {
          // A form does not see fields in a shadow tree, so Enter has to be passed on.
          if (event.key === "Enter") this.#container?.closest("form")?.requestSubmit();
        });
        this.#inputs[name] = input;
        row.append(input);
      }
      const note = document.createElement("p");
      note.textContent = "Sandbox: use 4242 4242 4242 4242, any later date and any CVC. Not a real card.";
      root.append(row, note);
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

    clear() {
      for (const input of Object.values(this.#inputs)) input.value = "";
      this.#changed();
    }

    focus() {
      this.#inputs[this.check(true).at ?? "number"].focus();
    }

    blur() {
      for (const input of Object.values(this.#inputs)) input.blur();
    }

    /** @param {{style?: any, disabled?: boolean}} options */
    update({ style, disabled }) {
      if (style) {
        const { base = {}, invalid = {} } = style;
        const known = {
          "--color": base.color,
          "--family": base.fontFamily,
          "--size": base.fontSize,
          "--placeholder": base["::placeholder"]?.color,
          "--invalid": invalid.color,
        };
        for (const [name, value] of Object.entries(known)) this.#host.style.setProperty(name, value ?? "");
      }
      if (disabled !== undefined) for (const input of Object.values(this.#inputs)) input.disabled = disabled;
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
      this.#mark(found.at);
      return found;
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
     * Put the digits in shape, and the caret back behind the digit it stood behind.
     *
     * @param {"number" | "exp" | "cvc"} name
     * @param {InputEvent} event
     */
    #typed(name, event) {
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
      const { at, error } = this.check();
      this.#mark(at);
      this.#emit("change", {
        brand: brandOf(this.card.number).brand,
        complete: !this.check(true).error,
        empty: Object.values(this.#inputs).every((input) => !input.value),
        error,
        value: { postalCode: "" },
      });
    }

    /** @param {boolean} on */
    #focused(on) {
      this.#container?.classList.toggle(className("focus"), on);
      this.#emit(on ? "focus" : "blur", {});
    }

    /** @param {string} [wrong] */
    #mark(wrong) {
      for (const [name, input] of Object.entries(this.#inputs)) input.ariaInvalid = String(name === wrong);
      const classes = this.#container?.classList;
      classes?.toggle(className("invalid"), wrong !== undefined);
      classes?.toggle(className("complete"), !this.check(true).error);
      classes?.toggle(className("empty"), Object.values(this.#inputs).every((input) => !input.value));
    }

    /**
     * @param {string} event
     * @param {object} details
     */
    #emit(event, details) {
      for (const handler of this.#handlers[event] ?? []) handler({ elementType: "card", ...details });
    }
  }

  const className = (/** @type {string} */ state) => `StripeElement--${state}`;

  class Elements {
    /** @type {CardElement | null} */ #card = null;

    /**
     * @param {string} kind
     * @param {object} [options]
     */
    create(kind, options) {
      if (kind !== "card") throw new IntegrationError(`The sandbox has no ${kind} Element, only the card Element.`);
      if (this.#card) throw new IntegrationError("Can only create one Element of type card through elements().");
      this.#card = new CardElement(options);
      return this.#card;
    }

    /** @param {string} kind */
    getElement(kind) {
      return kind === "card" ? this.#card : null;
    }
  }

  /** @param {string} publishableKey */
  function Stripe(publishableKey) {
    if (!/^pk_/.test(publishableKey ?? "")) {
      throw new IntegrationError("Please call Stripe() with your publishable key: it starts with pk_.");
    }
    return {
      elements: () => new Elements(),

      /**
       * @param {CardElement} element
       * @param {Record<string, string>} [data]
       */
      async createToken(element, data = {}) {
        if (!element?.mounted) throw new IntegrationError("We could not retrieve data from the specified Element: mount it.");
        const { error } = element.refuse();
        if (error) return { error };
        const form = new URLSearchParams();
        for (const [name, value] of Object.entries({ ...data, ...element.card })) form.set(`card[${name}]`, value);
        try {
          const headers = { Authorization: `Bearer ${publishableKey}` };
          const response = await fetch(`${API}/v1/tokens`, { method: "POST", headers, body: form });
          const answer = await response.json();
          return response.ok ? { token: answer } : { error: answer.error };
        } catch {
          const message = "We are experiencing issues connecting to our payments provider. You have not been charged.";
          return { error: { type: "api_connection_error", message } };
        }
      },
    };
  }

  Stripe.version = 3;
  Object.assign(window, { Stripe });
})();
