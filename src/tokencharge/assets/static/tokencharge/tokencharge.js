/**
 * The card form: puts Stripe's Card Element or Payment Element into a plain form, and what it makes of the card into
 * the form's `token` field.
 *
 * The form is then posted as a full page: `token` and `email`, never a card. Its sentences stand in data attributes,
 * so that a template can word or translate them:
 *
 *     <script async src="https://js.stripe.com/..." data-tokencharge-stripe></script>
 *     <form method="post" action="/charge" data-tokencharge="pay" data-publishable-key="pk_..."
 *           data-loading="..." data-working="..." data-unavailable="..." data-failed="...">
 *       <input type="hidden" name="token"> <input type="email" name="email">
 *       <div data-tokencharge-card></div>       where the Element goes
 *       <p role="alert"></p>                    what is wrong with the card
 *       <button type="submit" disabled>         enabled once a card can be entered
 *       <p role="status"></p>                   what is going on
 *     </form>
 *
 * `data-element="payment"` asks for the Payment Element; it needs `data-amount` (in minor units) and `data-currency`,
 * and `data-capture="manual"` where the money is only held. A field with `data-stripe="name"` (`phone`, `address_zip`, ...)
 * is sent to Stripe with the card; where there is one for the country, the Payment Element asks for no address itself. A
 * box with `data-tokencharge-instead`, ticked, stands for the fields it names in `aria-controls`. A form with `data-tokencharge="again"` holds a token already: it is only kept from
 * being sent twice, or, where it has a `data-client-secret`, sent by itself once the bank has asked the buyer (3-D Secure).
 * `data-locale` is the language that Stripe.js speaks; without one it takes the browser's.
 *
 * A form may offer saved cards, `<input type="radio" name="card" value="pm_...">`, and last a new one (`value="new"`),
 * whose fields stand in `<fieldset data-tokencharge-new>`. Only for a new card is Stripe.js waited for, and a token made.
 *
 * Forms are set up whenever they enter the document (Turbo, htmx, a dialog), and let go when they leave it. An element
 * `.tc-unstarted` in a form says that this script did not run; it is removed by it.
 *
 * The objects of Stripe.js (https://docs.stripe.com/js) are `any` here.
 *
 * @typedef {{type?: string, message?: string}} StripeError
 * @typedef {{element: any, dress: () => void, tokenize: () => Promise<{id?: string, error?: StripeError}>}} CardField
 * @typedef {(stripe: any, form: HTMLFormElement, container: HTMLElement) => CardField} Maker
 */

const PATIENCE = 10_000; // milliseconds after which a form that is still loading says so

/** What the Payment Element calls the variables of the page's look. */
const VARIABLES = Object.entries({
  colorPrimary: "--tc-accent",
  colorBackground: "--tc-surface",
  colorDanger: "--tc-danger",
  colorTextPlaceholder: "--tc-muted",
  borderRadius: "--tc-radius",
});

/** An address with nothing in it: one that the Element is not to ask for has to be passed whole. */
const NOWHERE = Object.fromEntries(
  ["line1", "line2", "city", "state", "zip", "country"].map((part) => [`address_${part}`, ""]),
);

/** Milliseconds that a script tag which came with a form has, before Stripe.js is asked for by this script itself. */
const GRACE = 500;

/** @type {Promise<void> | undefined} Stripe.js, where this script itself has asked for it. */
let asked;

/** Load Stripe.js as the page's own script tag would: one that came as a piece of HTML does not run by itself. */
function load(/** @type {HTMLScriptElement | null} */ tag) {
  if (!tag) throw new Error("There is no script tag for Stripe.js.");
  asked ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = tag.src;
    script.nonce = tag.nonce;
    script.onload = () => resolve();
    script.onerror = () => {
      asked = undefined;
      reject(new Error("Stripe.js did not load."));
    };
    document.head.append(script);
  });
  return asked;
}

/**
 * Wait for Stripe.js, whose script is async: it runs before this module, after it, or never.
 *
 * @param {HTMLFormElement} form
 * @returns {Promise<any>}
 */
async function stripeFor(form) {
  const there = () => "Stripe" in window;
  const tag = /** @type {HTMLScriptElement | null} */ (document.querySelector("script[data-tokencharge-stripe]"));
  if (!there()) {
    // By the window's own event it has run or failed, maybe before anyone listened; a form that comes later brings a
    // tag that runs soon, or never.
    const late = document.readyState === "complete";
    await new Promise((resolve) => {
      tag?.addEventListener("load", resolve);
      if (late) setTimeout(resolve, GRACE);
      else window.addEventListener("load", resolve);
    });
    if (!there() && late) await load(tag);
  }
  const { Stripe } = /** @type {any} */ (window);
  if (!Stripe) throw new Error("Stripe.js did not load.");
  const { publishableKey, locale } = form.dataset;
  return Stripe(publishableKey, locale ? { locale } : {});
}

/**
 * Return what keeps a form from being sent twice, and what says what is wrong with it.
 *
 * Call the first with true when the form goes on its way.
 *
 * @param {HTMLFormElement} form
 * @param {AbortSignal} signal  Aborted when the form has left the document.
 * @returns {[setBusy: (busy: boolean, text?: string) => void, say: (text: string) => void]}
 */
function controls(form, signal) {
  const find = (/** @type {string} */ what) => /** @type {any} */ (form.querySelector(what));
  const [button, status, problem] = ["button[type=submit]", "[role=status]", "[role=alert]"].map(find);
  const setBusy = (/** @type {boolean} */ busy, text = busy ? form.dataset.working : "") => {
    button.disabled = busy;
    form.setAttribute("aria-busy", String(busy));
    status.textContent = text ?? "";
  };
  const say = (/** @type {string} */ text) => (problem.textContent = text);
  // The back button may bring a page back as it was left: on its way.
  const back = (/** @type {PageTransitionEvent} */ event) => {
    if (event.persisted && form.getAttribute("aria-busy") === "true") setBusy(false);
  };
  window.addEventListener("pageshow", back, { signal });
  return [setBusy, say];
}

/** Describe the page's look to Elements, which live in frames: the way each of the two takes it. */
function lookOf(/** @type {HTMLElement} */ container) {
  const computed = getComputedStyle(container);
  const { color, fontFamily, fontSize } = computed;
  const value = (/** @type {string} */ property) => computed.getPropertyValue(property).trim();
  const [muted, danger] = [value("--tc-muted") || color, value("--tc-danger") || color];
  const set = VARIABLES.map(([name, property]) => [name, value(property)]).filter(([, given]) => given);
  return {
    style: {
      base: { color, fontFamily, fontSize, iconColor: muted, "::placeholder": { color: muted } },
      invalid: { color: danger, iconColor: danger },
    },
    appearance: { variables: { colorText: color, fontFamily, fontSizeBase: fontSize, ...Object.fromEntries(set) } },
  };
}

/** Collect what the site's own fields add to the card: its holder's name, an address. */
function details(/** @type {HTMLFormElement} */ form) {
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[data-stripe]"));
  const filled = [...fields].filter((field) => field.value);
  return Object.fromEntries(filled.map((field) => [field.dataset.stripe, field.value]));
}

/** @type {Maker} Makes a Card Element, whose cards become tokens. */
function cardElement(stripe, form, container) {
  const element = stripe.elements().create("card", { style: lookOf(container).style });
  const dress = () => element.update({ style: lookOf(container).style });
  const tokenize = async () => {
    // A token holds no phone number.
    const { phone, ...data } = details(form);
    const { token, error } = await stripe.createToken(element, data);
    return { id: token?.id, error };
  };
  return { element, dress, tokenize };
}

/** @type {Maker} Makes a Payment Element that asks for a card, which becomes a confirmation token. */
function paymentElement(stripe, form, container) {
  const { amount, currency, capture } = form.dataset;
  const order = { mode: "payment", amount: Number(amount), currency, ...(capture && { captureMethod: capture }) };
  const { appearance } = lookOf(container);
  const elements = stripe.elements({ ...order, allowedPaymentMethodTypes: ["card"], appearance });
  // The page has asked for the address, all of it: nobody types it twice.
  const asked = form.querySelector('[data-stripe="address_country"]') !== null;
  const fields = asked ? { billingDetails: { address: "never" } } : {};
  // Link is no card, and lives on hosts that the page's policy does not let in.
  const element = elements.create("payment", { fields, wallets: { link: "never" } });
  const dress = () => elements.update({ appearance: lookOf(container).appearance });
  const tokenize = async () => {
    const { error: wrong } = await elements.submit();
    // The Element itself says what is wrong, beside its fields.
    if (wrong) return { error: wrong.type === "validation_error" ? { ...wrong, message: "" } : wrong };
    const params = { payment_method_data: { billing_details: billing({ ...(asked && NOWHERE), ...details(form) }) } };
    const { confirmationToken, error } = await stripe.createConfirmationToken({ elements, params });
    return { id: confirmationToken?.id, error };
  };
  return { element, dress, tokenize };
}

/** Name the details of a card as a confirmation token has them. */
function billing(/** @type {Record<string, string>} */ { name, phone, ...rest }) {
  const parts = Object.entries(rest).filter(([key]) => key.startsWith("address_"));
  const inside = parts.map(([key, value]) => [key === "address_zip" ? "postal_code" : key.slice(8), value]);
  return { ...(name && { name }), ...(phone && { phone }), ...(parts.length > 0 && { address: Object.fromEntries(inside) }) };
}

/**
 * Let a ticked box stand for a group of fields, which is neither shown nor sent then.
 *
 * @param {HTMLFormElement} form
 * @param {AbortSignal} signal
 * @param {() => boolean} isNew  Whether a new card is chosen: with a saved one there is no billing address to stand for another.
 * @returns {() => void}  Has it look again.
 */
function instead(form, signal, isNew) {
  const box = /** @type {HTMLInputElement | null} */ (form.querySelector("[data-tokencharge-instead]"));
  const group = box && form.querySelector(`fieldset#${box.getAttribute("aria-controls")}`);
  if (!box || !(group instanceof HTMLFieldSetElement)) return () => {};
  const keep = () => {
    box.disabled = /** @type {HTMLElement} */ (box.parentElement).hidden = !isNew();
    group.disabled = group.hidden = isNew() && box.checked;
  };
  box.addEventListener("change", keep, { signal });
  // A browser may fill a form in again as it was left, without a word.
  window.addEventListener("pageshow", keep, { signal });
  return keep;
}

/** Make a form a card form. */
function pay(/** @type {HTMLFormElement} */ form, /** @type {AbortSignal} */ signal) {
  const container = /** @type {HTMLElement} */ (form.querySelector("[data-tokencharge-card]"));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  const field = /** @type {HTMLInputElement} */ (form.querySelector("input[name=token]"));
  const fresh = /** @type {HTMLFieldSetElement | null} */ (form.querySelector("[data-tokencharge-new]"));
  const choices = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[type=radio][name=card]"));
  const { element: kind, loading, unavailable = "", failed = "" } = form.dataset;
  const [setBusy, say] = controls(form, signal);

  /** @type {CardField | undefined} */
  let card;
  /** @type {"" | "loading" | "ready" | "broken"} What has become of the fields of a new card. */
  let state = "";
  // Kept as long as the card stays as it is: the same token sent again is the same purchase, a new one is another.
  let token = "";

  const isNew = () => choices.length === 0 || [...choices].some(({ checked, value }) => checked && value === "new");
  const stand = instead(form, signal, isNew);

  // What goes to Stripe with the card is part of its token.
  const typed = (/** @type {Event} */ { target }) => {
    if (/** @type {Element} */ (target).matches("[data-stripe]")) token = "";
  };
  form.addEventListener("input", typed, { signal });

  /** Show what the chosen card needs: a saved one the button alone, a new one its fields. */
  const follow = () => {
    const wanted = isNew();
    if (fresh && choices.length > 0) fresh.hidden = fresh.disabled = !wanted;
    stand();
    if (wanted && state === "") start();
    setBusy(wanted && state === "loading", wanted && state === "loading" ? loading : "");
    button.disabled = wanted && state !== "ready";
    say(wanted && state === "broken" ? unavailable : "");
  };

  const start = async () => {
    state = "loading";
    const slow = setTimeout(() => isNew() && say(unavailable), PATIENCE);
    signal.addEventListener("abort", () => clearTimeout(slow));
    try {
      const stripe = await stripeFor(form);
      if (signal.aborted) return;
      const made = (kind === "payment" ? paymentElement : cardElement)(stripe, form, container);
      // What a cached copy of the page still shows of a card field is no card field.
      container.replaceChildren();
      made.element.mount(container);
      signal.addEventListener("abort", () => made.element.destroy());
      card = made;
    } catch (error) {
      clearTimeout(slow);
      state = "broken";
      follow();
      console.warn("tokencharge.js:", error);
      return;
    }
    const { element, dress } = card;
    element.on("ready", () => {
      clearTimeout(slow);
      state = "ready";
      follow();
    });
    element.on("change", (/** @type {{error?: StripeError}} */ { error }) => {
      token = "";
      say(error?.message ?? "");
    });
    form.querySelector(".tc-label")?.addEventListener("click", () => element.focus(), { signal });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress, { signal });
  };

  const submit = async (/** @type {SubmitEvent} */ event) => {
    if (!isNew() && !button.disabled) {
      if (!form.reportValidity()) {
        event.preventDefault();
        return;
      }
      // A saved card needs no token: the form goes as it is, once.
      field.value = "";
      setBusy(true);
      return;
    }
    event.preventDefault();
    // Stripe's frames may pass Enter on as an event of their own, which no browser has checked the form for.
    if (!card || button.disabled || !form.reportValidity()) return;
    setBusy(true);
    say("");
    /** @type {StripeError} */
    let error = {};
    if (!token) {
      try {
        const result = await card.tokenize();
        token = result.id ?? "";
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
    say(ofCard ? (error.message ?? "") : failed);
    (ofCard ? card.element : button).focus();
  };

  choices.forEach((choice) => choice.addEventListener("change", follow, { signal }));
  form.addEventListener("submit", submit, { signal });
  follow();
}

/** Keep a form that holds a token from being sent twice; where the bank asks for the buyer, let it ask, then send it. */
async function again(/** @type {HTMLFormElement} */ form, /** @type {AbortSignal} */ signal) {
  const { clientSecret, failed = "" } = form.dataset;
  const [setBusy, say] = controls(form, signal);
  form.addEventListener("submit", () => setBusy(true), { signal });
  if (!clientSecret) return;
  setBusy(true);
  let status, message;
  try {
    const { paymentIntent, error } = await (await stripeFor(form)).handleNextAction({ clientSecret });
    ({ status } = paymentIntent ?? error?.payment_intent ?? {});
    message = error?.message;
  } catch (error) {
    message = error;
  }
  if (signal.aborted) return;
  if (status && status !== "requires_action") {
    // A buyer who failed, or closed the window, has answered too: how the payment stands, the server finds out.
    HTMLFormElement.prototype.submit.call(form);
    return;
  }
  // Without an answer the form would only lead back here, so that is left to the buyer.
  setBusy(false);
  say(failed);
  console.warn("tokencharge.js:", message);
}

/** @type {Map<HTMLFormElement, AbortController>} The forms in the document. */
const forms = new Map();

/** Set up the forms that have entered the document, and let go of those that have left it. */
function keepUp() {
  for (const [form, controller] of forms) {
    if (form.isConnected) continue;
    forms.delete(form);
    controller.abort();
  }
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-tokencharge]"))) {
    if (forms.has(form)) continue;
    const controller = new AbortController();
    forms.set(form, controller);
    form.querySelector(".tc-unstarted")?.remove();
    (form.dataset.tokencharge === "pay" ? pay : again)(form, controller.signal);
  }
}

keepUp();
new MutationObserver(keepUp).observe(document, { childList: true, subtree: true });

// Browsers may pass over `autofocus`, say in a window that is not in front: the news is what to read first.
const notice = document.querySelector(".tc-notice");
if (notice instanceof HTMLElement) notice.focus();
