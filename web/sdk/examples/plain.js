// The API is there when the deferred script of the SDK has run, whatever became of it.
document.querySelector('#consent').addEventListener('submit', (event) => {
  event.preventDefault();
  customerTelemetry.consent(event.submitter.value);
});
