// Nothing of its own: with this file, the header that all test programs share is precompiled.
