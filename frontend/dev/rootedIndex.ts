import type { Plugin } from 'vite'

/**
 * Makes the page name its files from the root, though the build is relative:
 * the page is served at every depth, and the server puts BASE_PATH in front.
 */
export function rootedIndex(): Plugin {
  return {
    name: 'rooted-index',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (html) => html.replaceAll(/(\s(?:href|src)=")\.\//g, '$1/'),
    },
  }
}
