/** What the fields are called, by Stripe's codes of languages; in a bracket what is read out and not shown. The rest is English. */
const LABELS = {
  en: ["Card number", "Expiry date (month and year)", "Security code (CVC)"],
  de: ["Kartennummer", "Ablaufdatum (Monat und Jahr)", "Prüfnummer (CVC)"],
  fr: ["Numéro de carte", "Date d’expiration (mois et année)", "Code de sécurité (CVC)"],
  es: ["Número de tarjeta", "Caducidad (mes y año)", "Código de seguridad (CVC)"],
  it: ["Numero di carta", "Scadenza (mese e anno)", "Codice di sicurezza (CVC)"],
  pt: ["Número do cartão", "Validade (mês e ano)", "Código de segurança (CVC)"],
  nl: ["Kaartnummer", "Vervaldatum (maand en jaar)", "Beveiligingscode (CVC)"],
  sv: ["Kortnummer", "Utgångsdatum (månad och år)", "Säkerhetskod (CVC)"],
  pl: ["Numer karty", "Data ważności (miesiąc i rok)", "Kod zabezpieczający (CVC)"],
  ja: ["カード番号", "有効期限 (月と年)", "セキュリティコード (CVC)"],
  zh: ["卡号", "有效期 (月和年)", "安全码 (CVC)"],
  ar: ["رقم البطاقة", "تاريخ الانتهاء (الشهر والسنة)", "رمز الأمان (CVC)"],
};

/**
 * @param {string | undefined} locale  As `Stripe(key, {locale})` has it; "auto" is what the browser is set to.
 * @returns {string[]}
 */
function labelsFor(locale) {
  const [language] = (locale === "auto" || !locale ? navigator.language : locale).split("-");
  return /** @type {Record<string, string[]>} */ (LABELS)[language] ?? LABELS.en;
}
