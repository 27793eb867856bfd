// Does in the explorer's page what a person does, and reports what came of it. The page's policy holds for it, too.
'use strict';
(() => {
  const wants = new URLSearchParams(location.search);
  const violations = [], failures = [];
  addEventListener('securitypolicyviolation', (v) => violations.push(v.violatedDirective + ' ' + v.blockedURI));
  addEventListener('error', (e) => failures.push(e.message));
  const set = (id, value) => { document.getElementById(id).value = value; };
  const submit = (form) => document.querySelector('#' + form + ' button').click();
  const all = (storage) => JSON.stringify(Object.entries(storage));
  function report() {
    const problem = document.getElementById('problem').textContent;
    const open = !document.getElementById('explorer').hidden && document.querySelector('.graphiql-container') !== null;
    if (!problem && !open) {
      setTimeout(report, 20);
      return;
    }
    fetch('/report', {
      method: 'POST',
      body: JSON.stringify({
        open, problem, violations, failures, url: location.href, stored: all(localStorage) + all(sessionStorage) + document.cookie,
        left: [...document.querySelectorAll('input[type=password]')].map((i) => i.value).join(''),
      }),
    });
  }
  switch (wants.get('drive')) {
    case 'password':
      set('client', 'ACME');
      set('secret', 'secret of ACME');
      set('username', wants.get('user'));
      set('password', wants.get('password'));
      submit('password-form');
      break;
    case 'company':
      set('company-client', 'ACME-web');
      submit('company-form');
      return; // the page is left
    case 'token':
      set('token', 'no token at all');
      submit('token-form');
  }
  report();
})();
