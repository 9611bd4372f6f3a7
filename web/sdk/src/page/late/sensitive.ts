/**
 * Fields whose value is never told, whatever the page asks for: credentials, codes, cards and accounts, names and ways to
 * reach a person, numbers of the state, dates of birth. Words in languages that autofill knows; the facts are from Chromium
 * (`autofill_regex_constants.h`, `password_manager_constants.h`), Bitwarden (`autofill-constants.ts`), and the tokens of
 * `autocomplete` from html.spec.whatwg.org, "Autofill".
 */

/** Anywhere in a word. A blank stands for any separator, or a change to a capital. */
const PARTS =
  'pass|pwd|kennwort|contrasen|senha|parol|heslo|haslo|hasło|lozink|wachtwoord|salasana|losenord|adgangskode|sifre|jelsz' +
  '|парол|密码|密碼|パスワード|暗証|비밀번호|암호|סיסמ|كلمة|รหัส|κωδικ|पासवर्ड|secret|geheim|token|credential|text security' +
  '|verif|one ?time|einmal|securit|sicherheit|segur|authent|auth ?code|sms ?code|2 ?fa|two ?f|second factor|bestatigung' +
  '|recover|验证码|驗證碼|認証|인증|код' +
  '|tarjeta|cartao|kredit|credit|iban|account|konto|cuenta|compte|rekening|sort ?code|routing|expir|ablauf|gultig|vencim' +
  '|caduc|scaden|カード|信用卡|卡号|卡號|카드|карт' +
  '|mail|correo|courriel|почт|メール|邮箱|邮件|郵件|電郵|이메일|메일|e ?posta|phone|telef|telf|telem|handy|celular|rufnummer' +
  '|whats ?app|contact ?n|телефон|電話|电话|手机|手機|전화|휴대|هاتف|טלפון' +
  '|social|sozial|national ?[in]|steuer|fiscal|ausweis|identi|licen[cs]e|fuhrerschein|insur|versicher|patient' +
  '|aadha|personnummer|fodselsnummer|henkilotunnus|身份|マイナンバー|주민' +
  '|birth|geburt|nacim|naiss|nascim|nascit|рожд|生年|生日|출생|생년|bday';
/** Only as whole words; digits may follow. */
const WORDS =
  'cc|ccn|cc ?num|cc ?exp|cvv|cvc|cvn|csc|cvd|cid|ccv|pan|pin|puk|tan|otp|otc|totp|mfa|sms|bic|swift|blz|kto|cards?|karte|carte|kart' +
  '|clave|tel|tel ?n[or]|fax|gsm|cell|mobile?|movil|contact|ssn|sin|nino|nhs|nif|nie|nip|dni|cpf|cnpj|rut|rfc|curp|bsn|pesel' +
  '|oib|egn|itin|nir|avs|ahv|cuil|cuit|jmbg|afm|amka|ppsn|cpr|tax|vat|id ?card|id ?n[or]|id ?num\\w*|dob|gender|sex|user ?name|impp';
const SENSITIVE = new RegExp(`${PARTS}|(?<![a-z])(?:${WORDS})(?![a-z])`);
/** Of the tokens of `autocomplete`, those that tell one person from others and are in no list above. */
const PERSON = /(?<!country-)name|honorific|street|address-line|postal|photo|webauthn/;

/** `hints`: all else that a field says of what it is for. */
export function isSensitive(autocomplete: string, hints: string): boolean {
  const words = `${autocomplete} ${hints}`
    .replace(/([a-z\d])(?=[A-Z])/g, '$1 ')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\d]+/gu, ' ');
  return SENSITIVE.test(words) || PERSON.test(autocomplete.toLowerCase());
}
