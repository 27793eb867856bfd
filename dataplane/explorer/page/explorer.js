// The page of the GraphQL explorer: asks for a token, tries it, and opens GraphiQL with it. The token is in a variable and nowhere else.
'use strict';
(() => {
  // What GraphiQL's dialogs add to the page as styles carries this word, or the page's policy refuses it.
  globalThis.__webpack_nonce__ = document.currentScript.dataset.nonce;
  const byId = (id) => document.getElementById(id);
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

  function signOut(why) {
    token = '';
    byId('problem').textContent = why;
    byId('sign-in').hidden = false;
    byId('explorer').hidden = true;
    byId('token').focus();
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

  byId('token-form').addEventListener('submit', async (submit) => {
    submit.preventDefault();
    token = byId('token').value.trim();
    byId('token').value = '';
    byId('problem').textContent = '';
    try {
      const answer = await send({ query: '{ me { id } }' });
      if (!token) {
        return; // it was refused
      }
      if (!answer.data) {
        return signOut((answer.errors || [{}])[0].message || 'The token could not be tried.');
      }
      open();
    } catch (cause) {
      signOut('The server could not be reached: ' + cause.message);
    }
  });
})();
