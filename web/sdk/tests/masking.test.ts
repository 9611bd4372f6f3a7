import { beforeEach, describe, expect, test } from 'vitest';
import { learnPasswords } from '../src/page/late/personal.ts';
import { unitsIn } from '../src/page/late/reading.ts';
import { isBlocked, isIgnored, meetShadows } from '../src/page/privacy.ts';
import { EDITOR_UNITS_MAX } from '../src/shared/limits.ts';
import { clean, maskMessage, maskText } from '../src/shared/text.ts';
import { isUnmasked, told } from './judged.ts';

meetShadows();

function show(html: string, selector = 'body > *'): Element {
  document.body.innerHTML = html;
  return document.querySelector(selector) as Element;
}

beforeEach(() => {
  document.body.innerHTML = '';
});

describe('text', () => {
  test.each([
    ['Write to jo.doe+x@mail.example now', 'Write to *** now'],
    ['Order 123456 of 999 boxes', 'Order **** of 999 boxes'],
    ['4111 1111 1111 1111', '**** **** **** ****'],
    ['\u0661\u0662\u0663\u0664', '****'],
    ['  a \n b  ', 'a b'],
    ['jane%40mail.example, jane%2540mail.example', '***, ***'],
    ['jane.doe @mail.example or jane.doe@ mail.example', '*** or ***'],
    ["o'brien@mail.example", '***'],
    ['jane(at)mail.example or joe [AT] mail.example', '*** or ***'],
    ['4\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e3', '****\u20e3****\u20e3****\u20e3****\u20e3'],
    ['41_11·22', '****_****·****'],
    ['follow @jane, react@ 18', 'follow @jane, react@ 18'],
    ['jane\u00ad.doe\u200b@mail\u2060.example', '***'],
    ['jane\uff20mail.example \uff14\uff11\uff11\uff11', '*** ****'],
    ['\u{1d7d2}\u{1d7cf}\u{1d7cf}\u{1d7cf} \u2463\u2460\u2460\u2460', '**** ****'],
    ['4\u200b1\u200b1\u200b1', '****'],
    ['078-05-1120', '****-****-****'],
    ['(030) 12 34 56', '(****) **** **** ****'],
    ['+49 30/12.34-56', '+**** ****/****.****-****'],
    ['4 1 1 1 2 2', '**** **** **** **** **** ****'],
    ['DE89370400440532013000', '****'],
    ['to FR14 2004 1010 0505 0001 3M02 606, please', 'to ****, please'],
    ['AB12CDEFGHIJ and 12', '**** and 12'],
    ['Box 1, 2 or 3? (a-z) "all" ~', 'Box 1, 2 or 3? (a-z) "all" ~'],
    ['Box 1 2 3 4', 'Box 1 2 3 4'],
    ['jo[at]mail.example', '***'],
    ['€ 1,299.00 for 3 of 12, 10:30', '€ 1,299.00 for 3 of 12, 10:30'],
    ['Donau\u00addampf 👨\u200d👩\u200d👧', 'Donau\u00addampf 👨\u200d👩\u200d👧'],
  ])('%s', (given, masked) => {
    expect(maskText(given)).toBe(masked);
    expect(maskText(masked), 'again').toBe(masked);
  });

  test.each([
    `${'x'.repeat(60)} someone@mail.example`,
    `${' '.repeat(400)}${'x'.repeat(60)} someone@mail.example`,
    `${'x'.repeat(60)} some${'\u200b'.repeat(400)}one@mail.example`,
  ])('an email at the cut is masked before it is cut', (given) => {
    expect(maskText(given, 64)).toBe(`${'x'.repeat(60)} ***`);
  });

  test('half a surrogate pair and NUL do not survive', () => {
    expect(clean('ab😀', 3)).toBe('ab\ufffd');
    expect(clean('a\0b')).toBe('a\ufffdb');
    expect(clean('😀')).toBe('😀');
  });

  test('long texts take no long time', () => {
    const began = performance.now();
    for (const piece of ['a', 'a.', '@', '1 ', '1', "'", '%40', 'AB12 ', ' ', '"a'])
      maskMessage(piece.repeat(100_000), 1024);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('messages of errors', () => {
  test.each([
    ['Unexpected token \'g\', "geheim" is not valid JSON', "Unexpected token '***', *** is not valid JSON"],
    [
      'Unexpected token \'g\', ..."{a: "geheim, "... is not valid JSON',
      "Unexpected token '***', ***... is not valid JSON",
    ],
    [
      "Failed to execute 'querySelector' on 'Document': '#user-jane' is not a valid selector.",
      "Failed to execute 'querySelector' on 'Document': '***' is not a valid selector.",
    ],
    ["Cannot read properties of undefined (reading 'name')", "Cannot read properties of undefined (reading 'name')"],
    ["user isn't logged in, and jane's can't be", "user isn't logged in, and jane's can't be"],
    ['Cannot convert geheim to a BigInt', 'Cannot convert ***'],
    ['Invalid regular expression: /geheim(/: Unterminated group', 'Invalid regular expression: ***'],
    [
      "Failed to construct 'URL': Failed to parse URL from geheim",
      "Failed to construct 'URL': Failed to parse URL from ***",
    ],
    ['no token=abc, Authorization: Basic abc==', 'no token=***, Authorization: Basic ***'],
    ['no\nmail for jane@mail.example', 'no mail for ***'],
    ['unknown user "jane"\nnor \'joe\'', 'unknown user "***" nor \'***\''],
  ])('%s', (given, masked) => {
    expect(maskMessage(given, 1024)).toBe(masked);
  });
});

describe('text of elements', () => {
  test.each([
    ['<button>Buy <b>now</b></button>', 'Buy now'],
    ['<input type="submit" value="Send">', 'Send'],
    ['<p>jane.doe<wbr>@mail.example</p>', '***'],
    ['<p><b>jane</b>@mail<i>.example</i> wrote</p>', '*** wrote'],
    ['<p><span>4111</span><span>1111</span></p>', '****'],
    ['<p><span>4</span><span>1</span><x-digit>1</x-digit><span>1</span></p>', '****'],
    ['<div><div>one</div><div>two</div></div>', 'one two'],
    ['<div><div>jane</div><div>@mail.example</div></div>', '***'],
    ['<p>jane<br>@mail.example</p>', '***'],
    ['<table><tr><td>41</td><td>11</td><td>22</td></tr></table>', '**** **** ****'],
    [`<p>${'word '.repeat(50)}</p>`, 'word '.repeat(13).slice(0, 64)],
  ])('%s', (html, text) => {
    expect(told(show(html))).toBe(text);
  });

  test.each([
    ['<p><b id="x">jane</b>@mail.example</p>', '***'],
    ['<p>jane.<i><b id="x">doe</b></i><u>@mail</u>.example</p>', '***'],
    ['<p>jane@<a id="x">mail.example</a></p>', '***'],
    ['<p><span id="x">41</span><span>11</span></p>', '***'],
    ['<p>see <a id="x">the terms</a>, or <a>write</a> to jane@mail.example</p>', 'the terms'],
    ['<div><div id="x">12</div><div>34</div></div>', '12'],
    ['<p><b id="x">Total</b>: 4111</p>', 'Total'],
  ])('a part of a line: %s', (html, text) => {
    expect(told(show(html, '#x'))).toBe(text);
  });

  test('of what is cut, the last word goes: the rest of it may be what masks it', () => {
    const letters = [...'jane.margarethe.doe.smith@mail.example'].map((letter) => `<b>${letter}</b>`).join('');
    expect(told(show(`<p>by ${letters}</p>`))).toBe('by');
  });

  test.each([
    '<input value="typed">',
    '<textarea>typed</textarea>',
    '<div><textarea>typed</textarea></div>',
    '<div><script>typed</script></div>',
    '<div><p data-ct-block>typed</p></div>',
    '<select><option>typed</option></select>',
    '<select size="4"><optgroup label="typed"><option id="x">typed</option></optgroup></select>',
    '<select multiple><optgroup label="g" id="x"><option>typed</option></optgroup></select>',
    '<datalist><option id="x">typed</option></datalist>',
    '<div role="listbox"><div role="option"><b id="x">typed</b></div></div>',
    '<div role="listbox" id="x">typed</div>',
    '<div><div role="combobox">typed</div></div>',
    '<div role="radio" id="x">typed</div>',
    '<div role="checkbox" id="x">typed</div>',
    '<label><input type="radio"><b id="x">typed</b></label>',
    '<label id="x"><input type="checkbox">typed</label>',
    '<div><input type="radio" id="r"><label for="r" id="x">typed</label></div>',
    '<div><table role="grid"><tr><td role="gridcell" id="x">typed</td></tr></table></div>',
    '<div class="react-datepicker"><div id="x">typed</div></div>',
    '<div class="daterangepicker"><div id="x">typed</div></div>',
    '<div><button aria-haspopup="listbox" id="x">typed</button></div>',
    '<div contenteditable><p><b id="x">typed</b></p></div>',
    '<div contenteditable="plaintext-only" id="x">typed</div>',
    '<div contenteditable><p contenteditable="false" id="x">typed</p></div>',
    '<div><div contenteditable="true">typed</div></div>',
    '<div role="textbox" aria-multiline="true"><p id="x">typed</p></div>',
    '<div class="cm-editor"><div class="cm-line" id="x">typed</div></div>',
    '<div class="CodeMirror cm-s-default"><textarea></textarea><pre id="x">typed</pre></div>',
    '<div class="monaco-editor"><div class="view-line"><span id="x">typed</span></div></div>',
    '<div class="ace_editor"><div class="ace_line" id="x">typed</div></div>',
    '<output>typed</output>',
  ])('never of %s', (html) => {
    show(html);
    // A label that lists choices beside others tells of none of them.
    const selector = html.includes('<label') ? '#x' : 'body, body *:not([data-ct-block])';
    for (const element of document.querySelectorAll(selector))
      expect(told(element), element.outerHTML).not.toContain('typed');
  });

  test.each([
    ['<select data-ct-unmask name="size"><option id="x">large</option></select>', 'large'],
    ['<div role="listbox" aria-label="Size" data-ct-unmask><div role="option" id="x">large</div></div>', 'large'],
    ['<label id="x"><input type="radio" name="size" data-ct-unmask>large</label>', 'large'],
    ['<label id="x">Street <input name="street"></label>', 'Street'],
    ['<p contenteditable="false" id="x">shown</p>', 'shown'],
    ['<div class="box-picker"><p id="x">shown</p></div>', 'shown'],
    ['<select data-ct-unmask name="card"><option id="x">4</option></select>', ''],
  ])('of %s', (html, text) => {
    expect(told(show(html, '#x'))).toBe(text);
  });
});

describe('length of editors', () => {
  test('is counted up to a bound', () => {
    expect(unitsIn(show('<div contenteditable><p>one</p><p>tw<b>o</b></p></div>'))).toBe(6);
    expect(unitsIn(show(`<div contenteditable>${'x'.repeat(50_000)}</div>`))).toBe(EDITOR_UNITS_MAX);
    expect(unitsIn(show(`<div contenteditable>${'<b>x</b>'.repeat(5_000)}</div>`))).toBe(200);
  });

  test.each([
    [0, 1, 2, 3, 2],
    [0, 1, 0, 3, 2],
    [1, 0, 1, 4, 4],
    [0, 2, 2, 2, 7],
  ])('of a selection from %i:%i to %i:%i', (from, start, to, end, units) => {
    const root = show('<div><p>one</p><p>four</p><p>three</p></div>');
    const texts = [...root.children].map(({ firstChild }) => firstChild as Text);
    const range = document.createRange();
    range.setStart(texts[from] as Text, start);
    range.setEnd(texts[to] as Text, end);
    expect(unitsIn(range.commonAncestorContainer, range)).toBe(range.toString().length);
    expect(range.toString().length).toBeGreaterThanOrEqual(Math.min(units, 2));
  });
});

describe('unmasking', () => {
  test('only where the field says so itself', () => {
    expect(isUnmasked(show('<input name="colour">'))).toBe(false);
    expect(isUnmasked(show('<input name="colour" data-ct-unmask>'))).toBe(true);
    expect(isUnmasked(show('<div data-ct-unmask><input name="colour"></div>').firstElementChild as Element)).toBe(
      false,
    );
  });

  test.each([
    'colour',
    'boxSize',
    'quantity',
    'coupon_code',
    'q',
    'city',
    'country',
    'passage',
    'comment',
    'delivery-date',
  ])('may be told: %s', (name) => {
    expect(isUnmasked(show(`<input name="${name}" data-ct-unmask>`))).toBe(name !== 'passage');
  });

  test.each([
    'organization',
    'country',
    'country-name',
    'address-level2',
    'language',
    'transaction-amount',
    'off',
    'url',
  ])('may be told: autocomplete=%s', (token) => {
    expect(isUnmasked(show(`<input name="q" autocomplete="${token}" data-ct-unmask>`))).toBe(true);
  });

  test.each(
    `cc-name cc-number cc-exp cc-exp-month cc-csc cc-type current-password new-password one-time-code username email tel
    tel-national tel-extension impp bday bday-year sex name given-name family-name nickname honorific-prefix street-address
    address-line1 postal-code photo`.split(/\s+/),
  )('never: autocomplete=%s', (token) => {
    for (const tokens of [token, `section-a shipping ${token}`, token.toUpperCase()])
      expect(isUnmasked(show(`<input name="q" autocomplete="${tokens}" data-ct-unmask>`)), tokens).toBe(false);
  });

  test.each(
    `cc_num ccnum ccNum CC-NUM cardNumber card_no security_code securityCode csc cvv2 cvc cell cellPhone contact_number contactNumber
    mail e_mail eMail user[email] sms_code verification_code verificationCode national_id dob dateOfBirth birthday ssn pin otp
    totp mfa_code 2fa oneTimeCode passwort kennwort contraseña contrasena motDePasse mot_de_passe senha wachtwoord hasło lösenord
    телефон пароль 密码 パスワード 비밀번호 telefon telefono handy handynummer mobil mobile phone2 fax correo courriel メール cpf dni nif
    nie curp pesel steuernummer steuerId taxId iban bic kontonummer accountNumber routing_number tarjeta kreditkarte
    cvvcode ccexp cardholder acctnum mobilenumber mobile_no taxid vatnumber smscode otpcode confirmation_code personalId karten_nr
    passord fødselsnummer şifre doğumTarihi puhelin hetu urodzenia születés cédula celular cartão mdp geboortedatum кодИзСмс 身份证
    expiry passport ausweisnummer geburtsdatum fechaNacimiento gender secret apiToken username user_name`.split(/\s+/),
  )('never: a field named %s', (name) => {
    expect(isUnmasked(show(`<input name="${name}" data-ct-unmask>`))).toBe(false);
    expect(isUnmasked(show(`<input id="${name}" data-ct-unmask>`))).toBe(false);
  });

  test.each([
    '<input type="password" data-ct-unmask>',
    '<input type="PASSWORD" data-ct-unmask>',
    '<input type="hidden" data-ct-unmask>',
    '<input type="email" data-ct-unmask>',
    '<input type="tel" data-ct-unmask>',
    '<input inputmode="tel" data-ct-unmask>',
    '<input inputmode="email" data-ct-unmask>',
    '<input style="-webkit-text-security: disc" data-ct-unmask>',
    '<input aria-label="Phone" data-ct-unmask>',
    '<input placeholder="E-mail" data-ct-unmask>',
    '<input title="Numéro de téléphone" data-ct-unmask>',
    '<label>Your <b>Pass</b>wort<input data-ct-unmask></label>',
    '<div><label for="f">Teléfono</label><input id="f" data-ct-unmask></div>',
    '<div><b id="l">Card</b><b id="m">number</b><input aria-labelledby="l m" data-ct-unmask></div>',
  ])('never: %s', (html) => {
    show(html);
    expect(isUnmasked(document.querySelector('input') as Element)).toBe(false);
  });

  test('a password that is shown as text stays a password, also before anybody was there', () => {
    const form = '<form><input type="password" data-ct-unmask name="a"><input data-ct-unmask name="b"></form>';
    const [one, two] = show(form).children as unknown as [HTMLInputElement, HTMLInputElement];
    learnPasswords(document);
    one.type = 'text';
    two.type = 'number';
    expect([isUnmasked(one), isUnmasked(two)]).toEqual([false, true]);
  });
});

describe('blocks', () => {
  function attach(host: Element, html: string): ShadowRoot {
    const root = host.attachShadow({ mode: 'open' });
    root.innerHTML = html;
    return root;
  }

  test('cover everything inside', () => {
    const block = show('<div data-ct-block><p><button>x</button></p></div>');
    expect(isBlocked(block.querySelector('button') as Element)).toBe(true);
  });

  test('reach into shadow trees, nested ones too', () => {
    const outer = attach(show('<div data-ct-block data-ct-ignore><x-a></x-a></div>', 'x-a'), '<x-b></x-b>');
    const inner = attach(outer.querySelector('x-b') as Element, '<b>x</b>').querySelector('b') as Element;
    expect([isBlocked(inner), isIgnored(inner)]).toEqual([true, true]);
  });
});
