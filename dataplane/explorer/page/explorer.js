// The page of the GraphQL explorer: signs people in, by password, at their company, or by a token, and opens GraphiQL. The token is in a variable and
// nowhere else.
'use strict';
(() => {
  // What GraphiQL's dialogs add to the page as styles carries this word, or the page's policy refuses it.
  globalThis.__webpack_nonce__ = document.currentScript.dataset.nonce;
  const byId = (id) => document.getElementById(id);
  // What must outlive the way to the company and back: no token, and good for one return.
  const underWay = 'fluent sign-on';
  const here = location.origin + location.pathname;
  let token = '';

  async function send(request) {
    const answer = await fetch('/graphql', {
      method: 'POST', credentials: 'omit', cache: 'no-store',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ' + token },
      body: JSON.stringify(request),
    });
    if (answer.status === 401) {
      signOut('The token is not good, or no longer.');
    }
    return answer.json();
  }

  // tokenFor asks the product's own token route, as every client does.
  async function tokenFor(form) {
    const answer = await fetch('/oauth/token', {
      method: 'POST', credentials: 'omit', cache: 'no-store', body: new URLSearchParams(form),
    });
    const body = await answer.json();
    if (!answer.ok) {
      throw new Error(body.error_description || body.error || 'The sign-in was refused.');
    }
    return body.access_token;
  }

  function signOut(why) {
    token = '';
    byId('problem').textContent = why;
    byId('sign-in').hidden = false;
    byId('explorer').hidden = true;
  }

  let opened = false;
  function open() {
    byId('sign-in').hidden = true;
    byId('explorer').hidden = false;
    if (!opened) {
      opened = true;
      ReactDOM.createRoot(byId('explorer')).render(React.createElement(GraphiQL, {
        fetcher: send, shouldPersistHeaders: false, isHeadersEditorEnabled: false, showPersistHeadersSettings: false,
        defaultQuery: '# Ctrl-Space completes, Ctrl-Enter sends.\n{ me { id username } }\n',
      }));
    }
  }

  // enter opens the explorer by a token that is there in a while, if it is good.
  async function enter(wanted) {
    byId('problem').textContent = '';
    try {
      token = await wanted;
      const answer = await send({ query: '{ me { id } }' });
      if (!token) {
        return; // it was refused
      }
      if (!answer.data) {
        return signOut((answer.errors || [{}])[0].message || 'The token could not be tried.');
      }
      open();
    } catch (cause) {
      signOut(cause.message);
    }
  }

  // take reads a field and empties it.
  function take(id) {
    const value = byId(id).value.trim();
    byId(id).value = '';
    return value;
  }

  const base64 = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const random = () => base64(crypto.getRandomValues(new Uint8Array(32)));

  // leave sends the browser to the account's identity provider (RFC 6749, RFC 7636), which the account's administrator lists this page for.
  async function leave(client) {
    if (!crypto.subtle) {
      throw new Error('Signing in at your company needs https.');
    }
    const verifier = random(), state = random();
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
    sessionStorage.setItem(underWay, JSON.stringify({ client, verifier, state }));
    location.assign('/oauth/authorize?' + new URLSearchParams({
      response_type: 'code', client_id: client, redirect_uri: here, state,
      code_challenge: base64(new Uint8Array(digest)), code_challenge_method: 'S256',
    }));
  }

  // comeBack ends what leave began, once.
  function comeBack() {
    const told = new URLSearchParams(location.search);
    const begun = JSON.parse(sessionStorage.getItem(underWay) || 'null');
    sessionStorage.removeItem(underWay);
    if (!told.has('code') && !told.has('error')) {
      return;
    }
    history.replaceState(null, '', here);
    if (!begun || told.get('state') !== begun.state) {
      return signOut('This sign-in was not begun here: begin anew.');
    }
    if (told.has('error')) {
      return signOut(told.get('error_description') || told.get('error'));
    }
    enter(tokenFor({
      grant_type: 'authorization_code', client_id: begun.client, redirect_uri: here, code: told.get('code'), code_verifier: begun.verifier,
    }));
  }

  const on = (form, act) => byId(form).addEventListener('submit', (submit) => {
    submit.preventDefault();
    act();
  });
  on('token-form', () => enter(take('token')));
  on('password-form', () => enter(tokenFor({
    grant_type: 'password', client_id: byId('client').value.trim(), client_secret: take('secret'),
    username: byId('username').value.trim(), password: byId('password').value,
  })).then(() => { byId('password').value = ''; }));
  on('company-form', () => leave(byId('company-client').value.trim()).catch((cause) => signOut(cause.message)));
  comeBack();
})();
