// A backend whose hardware is never there, for the tests.

export const detect = async () => 'no accelerator is plugged in';
export const create = async () => { throw new Error('nobody should have asked'); };
