// What a strict policy refuses must be refused as often with us as without.
// The browser tells of it later, at a moment of its own: so not among the lines of the console.
addEventListener('securitypolicyviolation', ({ violatedDirective, sample }) => {
  document.getElementById('violated').textContent += `${violatedDirective} ${sample}\n`;
});
addEventListener('submit', (event) => event.preventDefault());
document.getElementById('try').addEventListener('click', () => {
  const tries = {
    eval: () => Reflect.apply(eval, null, ['1']),
    html: () => document.body.insertAdjacentHTML('beforeend', '<i onclick="1">i</i>'),
    script: () => {
      document.body.append(Object.assign(document.createElement('script'), { text: 'console.log(1)' }));
    },
  };
  for (const [name, act] of Object.entries(tries))
    try {
      act();
      console.log(name, 'passed');
    } catch (error) {
      console.log(name, error.name);
    }
});
