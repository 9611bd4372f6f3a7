import $ from 'jquery';

const list = $('<ul>').appendTo('#app');
const form = $(
  '<form><input name="id"><input name="nodeType"><select><option>a<option>b</select><button>Add</button></form>',
).appendTo('#app');
form.on('submit', (event) => {
  event.preventDefault();
  list.append($('<li>').append($('<button type="button">').text(form.serialize())));
  form.find('input').first().val('').trigger('change');
});
list.on('click', 'button', ({ currentTarget }) => $(currentTarget).parent().remove());
$('<button type="button">Ask</button>')
  .appendTo('#app')
  .on('click', ({ currentTarget }) => {
    $.ajax('/api/echo', { method: 'POST', data: { a: 1 } })
      .done((answer) => $(currentTarget).text(answer.body))
      .always(() => console.log('asked'));
  });
$('<button type="button">Miss</button>')
  .appendTo('#app')
  .on('click', () => {
    $.getJSON('/api/missing').fail(({ status }) => console.log('missed', status));
  });
$(document).on('keydown focusin', ({ type, target }) => console.log(type, target.localName ?? ''));
$('<button type="button">Fade</button>')
  .appendTo('#app')
  .on('click', () => list.slideToggle(30));
