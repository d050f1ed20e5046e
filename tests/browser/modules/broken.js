// A module that fails while it is imported, for the tests.

throw new Error('this module is broken on purpose');
