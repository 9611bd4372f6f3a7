/**
 * Fields whose value is never told, whatever the page asks for: credentials, codes, cards and accounts, names and ways to
 * reach a person, numbers of the state, dates of birth. Words in languages that autofill knows; the facts are from Chromium
 * (`autofill_regex_constants.h`, `password_manager_constants.h`), Bitwarden (`autofill-constants.ts`), and the tokens of
 * `autocomplete` from html.spec.whatwg.org, "Autofill".
 */

import type { Purpose } from '../shared/chunk.ts';

/** Anywhere in a name, of Latin letters without accents. A blank stands for any separator, or a change to a capital. */
const PARTS = [
  // Credentials and codes.
  'pass|pwd|kennwort|contrasen|senha|parol|heslo|has[lł]o|lozink|wachtwoord|salasana|losenord|adgangskod|kodeord|sifre|jelsz',
  'secret|geheim|token|credential|text security|maiden|verif|one ?time|einmal|securit|sicherheit|segur|guvenlik|cryptogramm',
  'authent|(?:auth|mfa|otp|otc|sms|pin|access|confirm\\w*|activat\\w*|log ?in|magic|backup) ?code|2 ?fa|two ?f|second factor|bestatigung|recover',
  // Cards and accounts.
  'credit|kredit|debit|tarjeta|cartao|karten|kartya|k(?:or|aar)tn|card ?(?:n|h|e|c)|cvv|cvc|cc ?(?:n|exp|csc|typ|mon|year)|expir|ablauf|g(?:u|ue)ltig',
  'validade|vencim|caduc|scaden|pr(?:u|ue)f|iban|account|acct|konto|cuenta|compte|rekening|sort ?code|routing|bank ?(?:n|c|l|acc)',
  // Ways to reach a person.
  'mail|correo|correio|courriel|e ?post|posta el|sahkoposti|phone|telef|telf|telem|handy|celular|cellular|komork|puhelin|rufnummer|whats ?app',
  'mobile? ?n|mobiel|contact ?n|cell ?n|tel ?num',
  // Numbers of the state, and of the health service.
  'social|sozial|national ?[in]|governm|personal ?(?:id|n|code)|steuer|fiscal|contribuint|tax ?(?:id|n|code)|vat ?(?:id|n)|ust ?id|ausweis',
  'identi|kimlik|cedula|licen[cs]e|hrersch|insur|versicher|kranken|patient|aadha|burgerserv|personn|henkilot|rodn[ey]',
  // Birth.
  'birth|bdate|bday|geburt|geboort|nacim|naiss|nasci|urodz|narozen|syntym|szulet|dogum|f[oø]dsel|fodels',
  // Other scripts: passwords and codes, cards and accounts, ways to reach, numbers of the state, birth.
  'парол|код|карт|счет|почт|телефон|паспорт|снилс|рожд|κωδικ|τηλ|סיסמ|אשראי|טלפון|דוא|كلمة|بطاقة|هاتف|جوال|بريد',
  'पासवर्ड|फ़ोन|मोबाइल|ईमेल|รหัส|โทร|อีเมล',
  '密码|密碼|验证码|驗證碼|卡号|卡號|信用卡|银行|銀行|手机|手機|电话|電話|邮箱|邮件|郵件|電郵|身份|身分|护照|護照|生日|出生',
  'パスワード|暗証|認証|確認コード|カード|口座|メール|マイナンバー|生年|비밀번호|암호|인증|카드|계좌|이메일|메일|전화|휴대|주민|출생|생년',
].join('|');
/** Only as whole words; digits may follow. */
const WORDS =
  'cc|ccv|cvn|csc|cvd|cid|pan|pin|puk|tan|otp|otc|totp|mfa|sms|mdp|bic|swift|blz|kto|rib|cards?|karte|karta|karty|carte|kart|kortti|clave' +
  '|tel|tel ?n[or]|fax|gsm|cell|cep|mobile?|movil|contact|ssn|nss|sin|nino|nhs|nif|nie|nip|dni|cpf|cnpj|rut|rfc|curp|bsn|pesel|oib|egn' +
  '|itin|nir|avs|ahv|cuil|cuit|jmbg|afm|amka|ppsn|cpr|tckn|hetu|piva|инн|tax|vat|id ?card|id ?n[or]|id ?num\\w*|dob|gender|sex|user ?name|impp';
const SENSITIVE = new RegExp(`${PARTS}|(?<![a-z])(?:${WORDS})(?![a-z])`);
/** Of the tokens of `autocomplete`, those that tell one person from others and are in no list above. */
const PERSON = /(?<!country-)name|honorific|street|address-line|postal|photo|webauthn/;

/** Whether what was typed or chosen for such a purpose may leave. */
export function mayTell([autocomplete, hints]: Purpose): boolean {
  const words = `${autocomplete} ${hints}`
    .replace(/([a-z\d])(?=[A-Z])/g, '$1 ')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\d]+/gu, ' ');
  return !SENSITIVE.test(words) && !PERSON.test(autocomplete.toLowerCase());
}
