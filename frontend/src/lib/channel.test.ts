import { expect, test } from 'vitest'
import { cleanChannel, validLogin } from './channel'

// The same table as the server's test of chat.CleanChannel.
test.each([
  ['somebody', 'somebody'],
  ['  Some_Body9 ', 'some_body9'],
  ['@Somebody', 'somebody'],
  ['#somebody', 'somebody'],
  ['somebody/', 'somebody'],
  ['twitch.tv/somebody', 'somebody'],
  ['TWITCH.TV/SomeBody', 'somebody'],
  ['www.twitch.tv/somebody', 'somebody'],
  ['http://twitch.tv/somebody', 'somebody'],
  ['https://www.twitch.tv/somebody', 'somebody'],
  ['https://www.twitch.tv/somebody/', 'somebody'],
  ['//twitch.tv/somebody', 'somebody'],
  ['https://m.twitch.tv/somebody/videos', 'somebody'],
  ['https://go.twitch.tv/somebody', 'somebody'],
  ['https://www.twitch.tv/somebody?referrer=raid', 'somebody'],
  ['https://www.twitch.tv/somebody#about', 'somebody'],
  ['https://www.twitch.tv/somebody/clip/FunnyClip-x', 'somebody'],
  ['https://www.twitch.tv/popout/somebody/chat?popout=', 'somebody'],
  ['https://www.twitch.tv/embed/somebody/chat?parent=example.org', 'somebody'],
  ['https://www.twitch.tv/moderator/somebody', 'somebody'],
  ['https://dashboard.twitch.tv/u/somebody/home', 'somebody'],
  ['https://player.twitch.tv/?channel=somebody&parent=example.org', 'somebody'],
  ['https://player.twitch.tv/?parent=example.org&channel=Somebody', 'somebody'],
  ['a', 'a'],
  ['a'.repeat(25), 'a'.repeat(25)],
])('%s is the channel %s', (input, want) => {
  expect(cleanChannel(input)).toBe(want)
})

test.each([
  '',
  '   ',
  '_somebody',
  'a'.repeat(26),
  'some body',
  'sömebody',
  'https://www.twitch.tv/',
  'https://www.twitch.tv/directory',
  'https://www.twitch.tv/directory/category/art',
  'https://www.twitch.tv/videos/123456',
  'https://clips.twitch.tv/FunnyClip',
  'https://www.twitch.tv/popout//chat',
  'https://player.twitch.tv/?video=v123',
  'https://player.twitch.tv/',
  'https://example.org/somebody',
  'https://twitch.tv.example.org/somebody',
  '<script>',
])('%s is no channel', (input) => {
  expect(cleanChannel(input)).toBeUndefined()
})

test('a login is lower case letters, digits and underscores', () => {
  expect(validLogin('some_body9')).toBe(true)
  expect(validLogin('Somebody')).toBe(false)
  expect(validLogin('')).toBe(false)
})
