/**
 * The card form: puts Stripe's Card Element into a plain form, and the card's token into its `token` field.
 *
 * The form is then posted as a full page: `token` and `email`, never a card. Its sentences stand in data attributes,
 * so that a template can word or translate them:
 *
 *     <script async src="https://js.stripe.com/..." data-tokencharge-stripe></script>
 *     <form method="post" action="/charge" data-tokencharge="pay" data-publishable-key="pk_..."
 *           data-loading="..." data-working="..." data-unavailable="..." data-failed="...">
 *       <input type="hidden" name="token"> <input type="email" name="email">
 *       <div data-tokencharge-card></div>       where the Card Element goes
 *       <p role="alert"></p>                    what is wrong with the card
 *       <button type="submit" disabled>         enabled once a card can be entered
 *       <p role="status"></p>                   what is going on
 *     </form>
 *
 * A field with `data-stripe="name"` (`address_zip`, ...) is sent to Stripe with the card. A form with
 * `data-tokencharge="again"` holds a token already, and is only kept from being sent twice.
 */

/**
 * What is used of Stripe.js (https://docs.stripe.com/js).
 *
 * @typedef {{type?: string, message?: string}} StripeError
 * @typedef {{base: object, invalid: object}} Appearance
 * @typedef {object} CardElement
 * @property {(target: Element) => void} mount
 * @property {(event: string, handler: (event: {error?: StripeError}) => void) => void} on
 * @property {() => void} focus
 * @property {(options: {style: Appearance}) => void} update
 * @typedef {object} StripeObject
 * @property {() => {create(kind: "card", options: {style: Appearance}): CardElement}} elements
 * @property {(card: CardElement, data: object) => Promise<{token?: {id: string}, error?: StripeError}>} createToken
 * @typedef {(publishableKey: string) => StripeObject} StripeFactory
 */

const PATIENCE = 10_000; // milliseconds after which a form that is still loading says so

/**
 * Wait for Stripe.js, whose script is async: it runs before this module, after it, or never.
 *
 * @returns {Promise<StripeFactory>}
 */
function stripeJs() {
  return new Promise((resolve, reject) => {
    const settle = () => {
      const { Stripe } = /** @type {{Stripe?: StripeFactory}} */ (/** @type {unknown} */ (window));
      if (Stripe) resolve(Stripe);
      else reject(new Error("Stripe.js did not load."));
    };
    if ("Stripe" in window || document.readyState === "complete") {
      settle();
      return;
    }
    document.querySelector("script[data-tokencharge-stripe]")?.addEventListener("load", settle);
    // By the window's own event it has run or failed, maybe before anyone listened.
    window.addEventListener("load", settle);
  });
}

/**
 * Return what keeps a form from being sent twice: call it with true when the form goes on its way.
 *
 * @param {HTMLFormElement} form
 * @returns {(busy: boolean, text?: string) => void}
 */
function lock(form) {
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  const status = /** @type {HTMLElement} */ (form.querySelector("[role=status]"));
  const setBusy = (/** @type {boolean} */ busy, text = busy ? form.dataset.working : "") => {
    button.disabled = busy;
    form.setAttribute("aria-busy", String(busy));
    status.textContent = text ?? "";
  };
  // The back button may bring a page back as it was left: on its way.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && form.getAttribute("aria-busy") === "true") setBusy(false);
  });
  return setBusy;
}

/**
 * Describe the page's look to the Card Element, which lives in frames of its own.
 *
 * @param {Element} container
 * @returns {Appearance}
 */
function appearance(container) {
  const style = getComputedStyle(container);
  const { color, fontFamily, fontSize } = style;
  const muted = style.getPropertyValue("--tc-muted").trim() || color;
  const danger = style.getPropertyValue("--tc-danger").trim() || color;
  return {
    base: { color, fontFamily, fontSize, iconColor: muted, "::placeholder": { color: muted } },
    invalid: { color: danger, iconColor: danger },
  };
}

/**
 * Collect what the site's own fields add to the card: its holder's name, an address.
 *
 * @param {HTMLFormElement} form
 */
function details(form) {
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[data-stripe]"));
  const filled = [...fields].filter((field) => field.value);
  return Object.fromEntries(filled.map((field) => [field.dataset.stripe, field.value]));
}

/**
 * Make a form a card form.
 *
 * @param {HTMLFormElement} form
 */
async function pay(form) {
  const container = /** @type {HTMLElement} */ (form.querySelector("[data-tokencharge-card]"));
  const problem = /** @type {HTMLElement} */ (form.querySelector("[role=alert]"));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  const field = /** @type {HTMLInputElement} */ (form.querySelector("input[name=token]"));
  const { publishableKey = "", loading, unavailable = "", failed = "" } = form.dataset;
  const setBusy = lock(form);
  const say = (/** @type {string} */ text) => {
    problem.textContent = text;
  };

  setBusy(true, loading);
  const slow = setTimeout(say, PATIENCE, unavailable);
  let stripe, card;
  try {
    const Stripe = await stripeJs();
    stripe = Stripe(publishableKey);
    card = stripe.elements().create("card", { style: appearance(container) });
    card.mount(container);
  } catch (error) {
    clearTimeout(slow);
    setBusy(false);
    button.disabled = true;
    say(unavailable);
    console.warn("tokencharge.js:", error);
    return;
  }

  // Kept as long as the card stays as it is: the same token sent again is the same purchase, a new one is another.
  let token = "";
  card.on("ready", () => {
    clearTimeout(slow);
    setBusy(false);
    say("");
  });
  card.on("change", ({ error }) => {
    token = "";
    say(error?.message ?? "");
  });
  form.querySelector(".tc-label")?.addEventListener("click", () => card.focus());
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    card.update({ style: appearance(container) });
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // Stripe's frames may pass Enter on as an event of their own, which no browser has checked the form for.
    if (button.disabled || !form.reportValidity()) return;
    setBusy(true);
    say("");
    /** @type {StripeError} */
    let error = {};
    if (!token) {
      try {
        const result = await stripe.createToken(card, details(form));
        token = result.token?.id ?? "";
        error = result.error ?? {};
      } catch (reason) {
        console.warn("tokencharge.js:", reason);
      }
    }
    if (token) {
      field.value = token;
      // Not form.submit(): a button of the site's may bear that name.
      HTMLFormElement.prototype.submit.call(form);
      return;
    }
    // What Stripe says of a card is for the buyer; what it says of anything else is for developers.
    const ofCard = error.type === "validation_error" || error.type === "card_error";
    setBusy(false);
    say((ofCard && error.message) || failed);
    (ofCard ? card : button).focus();
  });
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-tokencharge]"))) {
  if (form.dataset.tokencharge === "pay") {
    pay(form);
  } else {
    const setBusy = lock(form);
    form.addEventListener("submit", () => setBusy(true));
  }
}

// Browsers may pass over `autofocus`, say in a window that is not in front: the news is what to read first.
const notice = document.querySelector(".tc-notice");
if (notice instanceof HTMLElement) notice.focus();
