/**
 * What telemetry.late.js has from this part instead of a copy of its own: it comes when the page may have replaced the platform,
 * and what both know is known once. The build writes the list, of all that modules in `late/` import from here.
 */
export const handed: unknown[] = [];
