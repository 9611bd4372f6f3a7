// Counts every request that it is asked for, so that a request of ours through the page's worker would show.
addEventListener('install', () => self.skipWaiting());
addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (pathname === '/from/worker') event.respondWith(new Response('made in the worker'));
  else if (origin === location.origin && pathname === '/api/ok') event.respondWith(new Response('kept in the worker'));
});
