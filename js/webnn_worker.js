// The worker of a model that may run on WebNN. The pool lets only this script make functions from text, as ONNX Runtime's WebNN half does.

import './worker.js';
