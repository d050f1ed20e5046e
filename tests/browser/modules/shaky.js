// A backend that loads every model and runs none, for the tests.

const x = { name: 'x', datatype: 'FP32', shape: [-1] }, y = { name: 'y', datatype: 'FP32', shape: [-1] };

export const detect = () => null;
export const create = async () => ({
  inputs: [x], outputs: [y],
  run: async () => { throw new Error('it can\'t do anything'); },
});
