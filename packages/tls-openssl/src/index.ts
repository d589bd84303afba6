import { errnoError } from '@avs-net/core';

// A placeholder must not look like a backend: importing it says what to use instead.
throw errnoError('ENOTSUP', '@avs-net/tls-openssl is not there yet; use @avs-net/tls-pure');
