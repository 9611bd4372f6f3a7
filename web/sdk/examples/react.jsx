// React: started once, outside of components, so that strict mode and re-rendering do not matter.
import { init } from '@customer-telemetry/sdk';
import { useEffect } from 'react';

const telemetry = init({
  key: 'WRITE_KEY',
  endpoint: 'https://collect.example',
  // Copied from the package to where the site's files are served; bundlers can give its address too.
  worker: '/telemetry.worker.js',
  consent: 'pending',
});

/** Who is logged in, if anybody. */
export function useTelemetryUser(userId) {
  useEffect(() => {
    telemetry.identify(userId ?? null);
  }, [userId]);
}

export function BuyButton({ box, onBuy }) {
  const buy = () => {
    telemetry.track('box_bought', { box });
    onBuy(box);
  };
  return (
    <button type="button" data-ct-label="buy" onClick={buy}>
      Buy
    </button>
  );
}
