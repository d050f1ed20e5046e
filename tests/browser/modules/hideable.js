// Hides the page on request, on a device that tells nothing else, for the tests.

import { on } from '/js/messages.js';

Reflect.deleteProperty(globalThis, 'PressureObserver');
Reflect.deleteProperty(Object.getPrototypeOf(navigator), 'getBattery');
on('hide', () => Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' }));
