/*
 * Any two models side by side. What differs was found when the page was
 * made, by the diff that `make diff` shows; here it is only laid out.
 */
'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const names = data.models.map((model) => model.name);
const element = (id) => document.getElementById(id);
const narrow = matchMedia('(max-width: 700px)');
const FOLD_KEEPS = 2; /* lines of what is shared, around a difference */

const state = {left: 0, right: 1, folded: false, zoom: 1, at: -1};

/* Hunks [a0, a1, b0, b1] between two models, in the direction asked for. */
function hunks(left, right) {
    if (left === right)
        return [];
    if (left < right)
        return data.pairs[`${names[left]} ${names[right]}`];
    return data.pairs[`${names[right]} ${names[left]}`].map(
        ([a0, a1, b0, b1]) => [b0, b1, a0, a1]);
}

/* A cell: a line of one side. what: same, gone, come, none or fold. */
function cell(what, number, mark, code) {
    const div = document.createElement('div');
    div.className = what;
    if (number !== null)
        div.dataset.n = number + 1;
    const sign = document.createElement('span');
    sign.className = 'mark';
    sign.textContent = mark;
    const line = document.createElement('span');
    line.innerHTML = code; /* our own sources, escaped when the page was made */
    div.append(sign, line);
    return div;
}

function shared(rows, a, from, to, b) {
    const one = narrow.matches;
    const edges = [from === 0 ? 0 : FOLD_KEEPS,
        to === a.length ? 0 : FOLD_KEEPS];
    for (let i = from; i < to; i++) {
        const hidden = to - from - edges[0] - edges[1];
        if (state.folded && hidden > 1 && i === from + edges[0]) {
            rows.append(cell('fold', null, '', `${hidden} lines shared`));
            i += hidden - 1;
            continue;
        }
        rows.append(cell('same', i, '', a[i]));
        if (!one)
            rows.append(cell('same', i - from + b, '', a[i]));
    }
}

function differing(rows, a, b, [a0, a1, b0, b1]) {
    const cells = [];
    const gone = (i) => cell('gone', i, '−', a[i]);
    const come = (i) => cell('come', i, '+', b[i]);
    const none = () => cell('none', null, '', '');

    if (narrow.matches) {
        for (let i = a0; i < a1; i++)
            cells.push(gone(i));
        for (let i = b0; i < b1; i++)
            cells.push(come(i));
    } else {
        for (let i = 0; i < Math.max(a1 - a0, b1 - b0); i++)
            cells.push(a0 + i < a1 ? gone(a0 + i) : none(),
                b0 + i < b1 ? come(b0 + i) : none());
    }
    cells[0].classList.add('start');
    rows.append(...cells);
}

function count(changes) {
    let gone = 0;
    let come = 0;
    for (const [a0, a1, b0, b1] of changes) {
        gone += a1 - a0;
        come += b1 - b0;
    }
    element('count').textContent = changes.length === 0
        ? 'the same model' : `+${come} −${gone} lines`;
}

function show() {
    const a = data.models[state.left].lines;
    const b = data.models[state.right].lines;
    const changes = hunks(state.left, state.right);
    const rows = document.createDocumentFragment();
    let i = 0;
    let j = 0;

    for (const hunk of changes) {
        shared(rows, a, i, hunk[0], j);
        differing(rows, a, b, hunk);
        i = hunk[1];
        j = hunk[3];
    }
    shared(rows, a, i, a.length, j);
    element('rows').replaceChildren(rows);
    element('rows').classList.toggle('one', narrow.matches);
    element('rows').style.setProperty('--zoom', state.zoom);
    element('left').value = names[state.left];
    element('right').value = names[state.right];
    element('fold').setAttribute('aria-pressed', state.folded);
    state.at = -1;
    count(changes);
}

/* The address names the pair: #iterative+forking */
function remember() {
    history.replaceState(null, '',
        `#${names[state.left]}+${names[state.right]}`);
}

function recall() {
    const [left, right] = decodeURIComponent(location.hash.slice(1))
        .split('+').map((name) => names.indexOf(name));
    if (left >= 0 && right >= 0) {
        state.left = left;
        state.right = right;
    }
}

function choose(side, index) {
    state[side] = (index + names.length) % names.length;
    remember();
    show();
}

function swap() {
    [state.left, state.right] = [state.right, state.left];
    remember();
    show();
}

function fold() {
    state.folded = !state.folded;
    show();
}

function zoom(factor) {
    state.zoom = factor === 0 ? 1
        : Math.min(4, Math.max(0.5, state.zoom * factor));
    element('rows').style.setProperty('--zoom', state.zoom);
}

function step(by) {
    const starts = document.querySelectorAll('#rows .start');
    if (starts.length === 0)
        return;
    starts[state.at]?.classList.remove('here');
    state.at = Math.min(starts.length - 1, Math.max(0, state.at + by));
    starts[state.at].classList.add('here');
    starts[state.at].scrollIntoView({block: 'center'});
}

const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    f: fold,
    s: swap,
    '+': () => zoom(1.15),
    '=': () => zoom(1.15),
    '-': () => zoom(1 / 1.15),
    0: () => zoom(0),
    '?': () => element('help').showModal(),
};

function on_key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey ||
        event.target.tagName === 'SELECT')
        return;
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
        const side = event.shiftKey ? 'left' : 'right';
        choose(side, state[side] + (event.key === 'ArrowRight' ? 1 : -1));
    } else if (Object.hasOwn(KEYS, event.key)) {
        KEYS[event.key]();
    } else {
        return;
    }
    event.preventDefault();
}

/* A swipe: far to the side, hardly up or down. */
function watch_touch(rows) {
    let start = null;

    rows.addEventListener('touchstart', (event) => {
        start = event.touches.length === 1 ? event.touches[0] : null;
    }, {passive: true});
    rows.addEventListener('touchend', (event) => {
        if (start === null)
            return;
        const dx = event.changedTouches[0].clientX - start.clientX;
        const dy = event.changedTouches[0].clientY - start.clientY;
        start = null;
        if (Math.abs(dx) > 60 && Math.abs(dx) > 2 * Math.abs(dy))
            choose('right', state.right + (dx < 0 ? 1 : -1));
    });
}

for (const side of ['left', 'right']) {
    element(side).append(...names.map((name) => new Option(name)));
    element(side).addEventListener('change', (event) =>
        choose(side, names.indexOf(event.target.value)));
}
element('swap').addEventListener('click', swap);
element('fold').addEventListener('click', fold);
element('on').addEventListener('click', () => step(1));
element('back').addEventListener('click', () => step(-1));
element('larger').addEventListener('click', () => zoom(1.15));
element('smaller').addEventListener('click', () => zoom(1 / 1.15));
element('keys').addEventListener('click', KEYS['?']);
document.addEventListener('keydown', on_key);
narrow.addEventListener('change', show);
addEventListener('hashchange', () => {
    recall();
    show();
});
watch_touch(element('rows'));
recall();
show();
