// The first law: the page behaves exactly as without us. Each file is one way in which a page can be harmed; the SDK is the
// built file, in a real Chromium.
import './first_law/objects.mjs';
import './first_law/policies.mjs';
import './first_law/storage.mjs';
import './first_law/names.mjs';
import './first_law/own_names.mjs';
import './first_law/requests.mjs';
import './first_law/zones.mjs';
import './first_law/broken_pages.mjs';
import './first_law/memory.mjs';
import './first_law/long_values.mjs';
import './first_law/floods.mjs';
import './first_law/traces.mjs';
import './first_law/reopening.mjs';
