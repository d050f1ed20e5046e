// Tells what kind of place the page is, for the tests.

import { send } from '/js/messages.js';

send('place', { origin: location.origin, secure: isSecureContext });
