// The worker of a model that may run on WebNN: the pool lets this script alone make functions from text, as ONNX Runtime's WebNN half does.

import './worker.js';
