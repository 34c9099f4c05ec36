/** Stripe() and elements(): as much of Stripe.js as makes tokens, PaymentMethods and confirmation tokens, and passes 3-D Secure. */

/** What the look of the Payment Element is made of, by the names of Stripe's `appearance.variables`. */
const VARIABLES = {
  borderRadius: "--radius",
  colorBackground: "--background",
  colorDanger: "--invalid",
  colorPrimary: "--primary",
  colorText: "--color",
  colorTextPlaceholder: "--placeholder",
  fontFamily: "--family",
  fontSizeBase: "--size",
};
const NOT_AUTHENTICATED =
  "We are unable to authenticate your payment method. Please choose a different payment method and try again.";

class Elements {
  /** @type {Record<string, CardFields>} */ #made = {};
  /** @type {any} */ #options;
  #submitted = false;

  /** @type {string | undefined} */ #locale;

  /**
   * @param {any} options
   * @param {string} [locale]  What Stripe() was told.
   */
  constructor(options = {}, locale = undefined) {
    if ("paymentMethodTypes" in options) {
      throw new IntegrationError("elements(): paymentMethodTypes was removed: use allowedPaymentMethodTypes.");
    }
    const { mode, amount, currency } = options;
    if (mode !== undefined && !["payment", "setup", "subscription"].includes(mode)) {
      throw new IntegrationError("elements(): mode must be payment, setup or subscription.");
    }
    if (mode === "payment" && !(Number.isInteger(amount) && amount > 0 && currency)) {
      throw new IntegrationError("elements(): mode payment needs an amount, a positive integer, and a currency.");
    }
    this.#options = options;
    this.#locale = options.locale ?? locale;
  }

  /**
   * @param {string} kind
   * @param {object} [options]
   */
  create(kind, options) {
    if (kind !== "card" && kind !== "payment") {
      throw new IntegrationError(`The sandbox has no ${kind} Element, only the card and the payment Element.`);
    }
    if (this.#made[kind]) throw new IntegrationError(`Can only create one Element of type ${kind} through elements().`);
    const { mode, clientSecret, appearance } = this.#options;
    if (kind === "payment" && !mode && !clientSecret) {
      throw new IntegrationError("In order to create a payment element, you must pass a clientSecret or mode to elements().");
    }
    const made = (this.#made[kind] = new CardFields(kind, options, this.#locale));
    made.on("change", () => (this.#submitted = false));
    this.#dress(appearance);
    return made;
  }

  /** @param {string} kind */
  getElement(kind) {
    return this.#made[kind] ?? null;
  }

  /** @param {any} options */
  update(options) {
    this.#options = { ...this.#options, ...options };
    this.#dress(options.appearance);
  }

  /** Check what was typed, and show what is wrong with it. */
  async submit() {
    if (!this.#made.payment?.mounted) throw new IntegrationError("elements.submit() needs a mounted payment Element.");
    const { error } = this.#made.payment.refuse();
    this.#submitted = !error;
    return error ? { error } : { selectedPaymentMethod: this.#made.payment.chosen };
  }

  /**
   * The Element that was submitted, and the options it was asked for with.
   *
   * @param {string} caller
   * @param {any} [billing]  What the page says of who pays: all that the Element was told never to ask for.
   */
  submitted(caller, billing = {}) {
    if (!this.#submitted) throw new IntegrationError(`elements.submit() must be called before stripe.${caller}().`);
    const left = this.#made.payment.never.find((path) => path.split(".").reduce((at, key) => at?.[key], billing) === undefined);
    if (left) {
      throw new IntegrationError(
        `You specified "never" for fields.billing_details.${left} when creating the payment Element, but did not pass` +
          ` billing_details.${left} when calling stripe.${caller}().`,
      );
    }
    return { element: this.#made.payment, options: this.#options };
  }

  /** @param {any} appearance */
  #dress(appearance) {
    const variables = appearance?.variables ?? {};
    const known = Object.entries(VARIABLES).filter(([name]) => name in variables);
    this.#made.payment?.dress(Object.fromEntries(known.map(([name, property]) => [property, variables[name]])));
  }
}

/**
 * Write nested parameters the way Stripe reads them: `card[number]=...`.
 *
 * @param {object} params
 * @param {string} [within]
 * @returns {[string, string][]}
 */
function flat(params, within) {
  return Object.entries(params).flatMap(([key, value]) => {
    const name = within ? `${within}[${key}]` : key;
    if (value === undefined || value === null) return [];
    return typeof value === "object" ? flat(value, name) : [/** @type {[string, string]} */ ([name, String(value)])];
  });
}

/**
 * @param {string} publishableKey
 * @param {{locale?: string}} [settings]
 */
function Stripe(publishableKey, { locale } = {}) {
  if (!/^pk_/.test(publishableKey ?? "")) {
    throw new IntegrationError("Please call Stripe() with your publishable key: it starts with pk_.");
  }

  /**
   * Ask the sandbox; the answer is put under a name, or the error under `error`.
   *
   * @param {string} name
   * @param {string} path
   * @param {object} params
   * @param {string} [method]
   * @returns {Promise<any>}
   */
  async function ask(name, path, params, method = "POST") {
    const form = new URLSearchParams(flat(params));
    try {
      const response = await fetch(`${API}/v1/${path}${method === "GET" ? `?${form}` : ""}`, {
        method,
        headers: { Authorization: `Bearer ${publishableKey}` },
        body: method === "GET" ? undefined : form,
      });
      const answer = await response.json();
      return response.ok ? { [name]: answer } : { error: answer.error };
    } catch {
      const message = "We are experiencing issues connecting to our payments provider. You have not been charged.";
      return { error: { type: "api_connection_error", message } };
    }
  }

  /** @param {CardFields | undefined} element */
  function typed(element) {
    if (!element?.mounted) throw new IntegrationError("We could not retrieve data from the specified Element: mount it.");
    return element.refuse();
  }

  /**
   * What a PaymentMethod is made of: the card that was typed, or a token of what the wallet holds.
   *
   * @param {CardFields} element
   * @returns {Promise<any>}
   */
  async function cardOf(element) {
    if (element.chosen === "card") return { card: element.card };
    const { token, error } = await ask("token", "tokens", { pk_token: "{}" });
    return error ? { error } : { card: { token: token.id } };
  }

  /** @param {string} clientSecret */
  async function retrievePaymentIntent(clientSecret) {
    const id = /^(pi_\w+?)_secret_\w+$/.exec(clientSecret)?.[1];
    if (!id) throw new IntegrationError("The clientSecret must be that of a PaymentIntent: pi_..._secret_...");
    return ask("paymentIntent", `payment_intents/${id}`, { client_secret: clientSecret }, "GET");
  }

  return {
    /** @param {any} [options] */
    elements: (options) => new Elements(options, locale),
    retrievePaymentIntent,

    /**
     * @param {CardFields} element
     * @param {Record<string, string>} [data]
     */
    async createToken(element, data = {}) {
      const { error } = typed(element);
      return error ? { error } : ask("token", "tokens", { card: { ...data, ...element.card } });
    },

    /** @param {any} options */
    async createPaymentMethod({ elements, params = {}, card: element, ...data }) {
      if (elements) {
        const { element, options } = elements.submitted("createPaymentMethod", params.billing_details);
        if (options.paymentMethodCreation !== "manual") {
          throw new IntegrationError("createPaymentMethod(): pass paymentMethodCreation: 'manual' to elements() first.");
        }
        const { card, error } = await cardOf(element);
        return error ? { error } : ask("paymentMethod", "payment_methods", { type: "card", card, ...params });
      }
      const { error } = typed(element);
      return error ? { error } : ask("paymentMethod", "payment_methods", { ...data, card: element.card });
    },

    /** @param {any} options */
    async createConfirmationToken({ elements, params: { payment_method_data = {}, ...params } = {} }) {
      const { element, options } = elements.submitted("createConfirmationToken", payment_method_data.billing_details);
      const { card, error } = await cardOf(element);
      if (error) return { error };
      return ask("confirmationToken", "confirmation_tokens", {
        payment_method_data: { type: "card", card, ...payment_method_data },
        setup_future_usage: options.setupFutureUsage,
        use_stripe_sdk: true,
        ...params,
      });
    },

    /** @param {{clientSecret: string}} options */
    async handleNextAction({ clientSecret }) {
      const { error, paymentIntent: asked } = await retrievePaymentIntent(clientSecret);
      if (error) return { error };
      if (asked.status !== "requires_action") {
        throw new IntegrationError("handleNextAction: The PaymentIntent supplied is not in the requires_action state.");
      }
      if (asked.next_action.type === "redirect_to_url") {
        location.assign(asked.next_action.redirect_to_url.url);
        return new Promise(() => {});
      }
      const secret = { client_secret: clientSecret };
      if ((await challenge(`${API}/3d_secure/${asked.id}?${new URLSearchParams(secret)}`)) === "closed") {
        await ask("paymentIntent", `payment_intents/${asked.id}/source_cancel`, { ...secret, source: asked.payment_method });
      }
      const after = await retrievePaymentIntent(clientSecret);
      const failure = after.paymentIntent?.last_payment_error;
      if (!failure) return after;
      const message =
        failure.code === "payment_intent_authentication_failure" ? NOT_AUTHENTICATED : failure.message;
      return { error: { ...failure, message, payment_intent: after.paymentIntent } };
    },
  };
}

Stripe.version = 3;
Object.assign(window, { Stripe });
