// Search while typing; without this script the form asks the server. On a wide
// window the contents are open.
const contents = document.getElementById('contents')
const wide = matchMedia('(min-width: 50.01rem)')
const fit = () => {
  contents.open = wide.matches
}
fit()
wide.addEventListener('change', fit)

const input = document.getElementById('q')
const found = document.getElementById('found')
const most = 30
let headings

async function show() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) {
    found.hidden = true
    return
  }
  try {
    headings ??= fetch(new URL('headings.json', import.meta.url)).then((answer) => {
      if (!answer.ok) throw new Error(`the headings cannot be read: ${answer.status}`)
      return answer.json()
    })
    const all = (await headings).filter((h) => {
      const text = `${h.page} ${h.text}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    const list = document.createElement('ul')
    for (const h of all.slice(0, most)) {
      const item = document.createElement('li')
      const link = document.createElement('a')
      link.href = h.url
      link.textContent = h.text
      item.append(link)
      if (h.page !== h.text) {
        const page = document.createElement('span')
        page.className = 'dim'
        page.textContent = ` ${h.page}`
        item.append(page)
      }
      list.append(item)
    }
    const count = document.createElement('p')
    count.className = 'dim'
    count.textContent =
      all.length === 0 ? 'No heading has that' : all.length > most ? `${most} of ${all.length} headings` : all.length === 1 ? '1 heading' : `${all.length} headings`
    found.replaceChildren(count, list)
    found.hidden = false
  } catch {
    headings = undefined // the form still works
    found.hidden = true
  }
}
input.addEventListener('input', show)
