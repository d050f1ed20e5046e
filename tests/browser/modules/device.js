// Says what the browser tells of its device, for the tests.

import { on, send } from '/js/messages.js';

on('tell', async () => {
  const { getBattery, connection } = /** @type {any} */ (navigator);
  const battery = await getBattery?.call(navigator).catch(() => undefined);
  send('told', { battery: battery ? [battery.charging, battery.level] : [], saves: connection ? [connection.saveData] : [], pressure: 'PressureObserver' in globalThis });
});
