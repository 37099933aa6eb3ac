import * as z from 'zod';

// A page checks each kind of file once or twice: code that is compiled for a schema would take longer than it saves.
z.config({ jitless: true });
