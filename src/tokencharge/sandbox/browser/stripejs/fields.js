/** The fields of a card: how what is typed is shown, and what can be seen to be wrong with it. */

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
  { name: "number", placeholder: "1234 1234 1234 1234", autocomplete: "cc-number" },
  { name: "exp", placeholder: "MM / YY", autocomplete: "cc-exp" },
  { name: "cvc", placeholder: "CVC", autocomplete: "cc-csc" },
]);
