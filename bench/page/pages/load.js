// A page of a middle size that nobody touches: 200 paragraphs with links.
const text = document.getElementById('text');
let html = '';
for (let n = 0; n < 200; n++)
  html += `<section><h2>Chapter ${n}</h2><p>Box number ${n} was made of <a href="#c${n}">card</a> and of <em>paper</em>, in the year ${1700 + n}.</p></section>`;
text.innerHTML = html;
