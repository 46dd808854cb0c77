import { expect, it } from 'vitest';
import { actorWords } from './actor.tsx';

it('a person is shown by address, a key by the end of its id, and the program by what of it did it', () => {
  expect(actorWords('ada@example.org')).toBe('ada@example.org');
  expect(actorWords('api_key:01a201e0-c11a-7551-a7cd-ea122ebe3d48')).toBe('API key …2ebe3d48');
  expect(actorWords('system:model-retrain')).toBe('Mainspring (model retrain)');
  expect(actorWords('system:x@example.org')).toBe('system:x@example.org');
  expect(actorWords('')).toBe('');
});
