/* The site as its readers use it; run by docs/site/test. */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const build = path.resolve(process.argv[2]);
const {chromium} = require(path.join(build, 'node_modules/playwright-core'));
const site = `file://${build}/docs`;
const shots = path.join(build, 'docs-shots');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];

const SCREENS = {
    laptop: {viewport: {width: 1366, height: 768}},
    projector: {viewport: {width: 1920, height: 1080}},
    dark: {viewport: {width: 1920, height: 1080}, colorScheme: 'dark'},
    phone: {viewport: {width: 390, height: 844}, hasTouch: true,
        isMobile: true, deviceScaleFactor: 2},
};

let browser;

/* A page on a screen; any error or request to a network fails the test. */
async function open(screen, address) {
    const context = await browser.newContext(SCREENS[screen]);
    const page = await context.newPage();
    page.on('pageerror', (error) => {
        throw error;
    });
    page.on('request', (request) => assert.match(request.url(),
        /^(file|data):/, `asked the network: ${request.url()}`));
    await page.goto(`${site}/${address}`);
    return page;
}

function pages() {
    return fs.readdirSync(path.join(build, 'docs'))
        .filter((name) => name.endsWith('.html'));
}

function sources() {
    return fs.readdirSync(path.join(build, 'docs', 'source'),
        {recursive: true})
        .filter((name) => name.endsWith('.html'))
        .map((name) => `source/${name}`);
}

const right = (page) => page.locator('#right').inputValue();
const left = (page) => page.locator('#left').inputValue();

const tests = {
    async 'no page is wider than a phone'() {
        for (const name of pages()) {
            const page = await open('phone', name);
            const width = await page.evaluate(
                () => document.documentElement.scrollWidth);
            assert.ok(width <= 390, `${name} is ${width} wide`);
            await page.context().close();
        }
    },

    async 'every picture is there'() {
        for (const name of pages()) {
            const page = await open('laptop', name);
            const broken = await page.evaluate(() =>
                [...document.images].filter((image) => !image.naturalWidth)
                    .map((image) => image.src));
            assert.deepEqual(broken, [], name);
            await page.context().close();
        }
    },

    async 'every local link leads somewhere'() {
        for (const name of [...pages(), ...sources()]) {
            const page = await open('laptop', name);
            const links = await page.evaluate(() =>
                [...document.querySelectorAll('main a[href]')]
                    .map((a) => a.href)
                    .filter((href) => href.startsWith('file:')));
            for (const link of new Set(links)) {
                const {pathname, hash} = new URL(link);
                const file = decodeURIComponent(pathname);
                assert.ok(fs.existsSync(file), `${name}: ${link}`);
                if (hash && !file.endsWith('side-by-side.html'))
                    assert.ok(fs.readFileSync(file, 'utf8').includes(
                        `id="${decodeURIComponent(hash.slice(1))}"`),
                    `${name}: ${link}`);
            }
            await page.context().close();
        }
    },

    async 'the address chooses the pair, the keys another'() {
        const page = await open('projector',
            'side-by-side.html#iterative+forking');
        assert.equal(await left(page), 'iterative');
        assert.equal(await right(page), 'forking');
        const names = await page.locator('#right option').allTextContents();
        await page.keyboard.press('ArrowRight');
        assert.equal(await right(page),
            names[(names.indexOf('forking') + 1) % names.length]);
        await page.keyboard.press('ArrowLeft');
        await page.keyboard.press('Shift+ArrowLeft');
        assert.equal(await left(page), names.at(-1));
        await page.keyboard.press('Shift+ArrowRight');
        await page.keyboard.press('s');
        assert.equal(await left(page), 'forking');
        assert.match(page.url(), /#forking\+iterative$/);
    },

    async 'what is shared is on both sides, line for line'() {
        const page = await open('projector',
            'side-by-side.html#select+epoll');
        const rows = await page.evaluate(() =>
            [...document.querySelectorAll('.rows > div')]
                .map((div) => [div.className.split(' ')[0],
                    div.lastChild.textContent]));
        let same = 0;
        for (let i = 0; i < rows.length; i += 2)
            if (rows[i][0] === 'same') {
                assert.equal(rows[i][1], rows[i + 1][1]);
                same++;
            }
        assert.ok(same > 20);
        const text = (side) => rows.filter(([what], i) => i % 2 === side &&
            what !== 'none').map((row) => row[1]).join('\n');
        const root = path.join(__dirname, '../..');
        const source = (name) => fs.readFileSync(
            path.join(root, name), 'utf8').trimEnd();
        assert.equal(text(0), source('select/server.c'));
        assert.equal(text(1), source('epoll/server.c'));
    },

    async 'folding leaves the differences'() {
        const page = await open('projector',
            'side-by-side.html#iterative+forking');
        const gone = await page.locator('.rows .gone').count();
        const same = await page.locator('.rows .same').count();
        await page.keyboard.press('f');
        assert.equal(await page.locator('.rows .gone').count(), gone);
        assert.ok(await page.locator('.rows .same').count() < same);
        await page.screenshot({path: `${shots}/folded.png`});
    },

    async 'j and k go from difference to difference'() {
        const page = await open('projector',
            'side-by-side.html#select+epoll');
        await page.keyboard.press('j');
        await page.keyboard.press('j');
        const starts = page.locator('.rows .start');
        assert.match(await starts.nth(1).getAttribute('class'), /here/);
        await page.keyboard.press('k');
        assert.match(await starts.nth(0).getAttribute('class'), /here/);
    },

    async 'a call leads to its place in the glossary'() {
        const page = await open('projector',
            'side-by-side.html#select+epoll');
        await page.locator('a.call', {hasText: 'epoll_wait'}).first().click();
        assert.match(page.url(), /glossary\.html#epoll_wait$/);
        assert.ok(await page.locator('#epoll_wait').count() === 1);
    },

    async 'larger, smaller, light and dark'() {
        const page = await open('projector',
            'side-by-side.html#iterative+forking');
        const size = () => page.locator('#rows').evaluate(
            (rows) => parseFloat(getComputedStyle(rows).fontSize));
        const paper = () => page.evaluate(
            () => getComputedStyle(document.body).backgroundColor);
        const before = await size();
        assert.ok(before >= 18, `${before} px on a projector`);
        await page.keyboard.press('+');
        assert.ok(await size() > before);
        await page.keyboard.press('0');
        assert.equal(await size(), before);
        const light = await paper();
        await page.keyboard.press('t');
        assert.notEqual(await paper(), light);
    },

    async 'a phone shows one column, and swipes'() {
        const page = await open('phone',
            'side-by-side.html#iterative+forking');
        assert.equal(await page.locator('.rows.one').count(), 1);
        const swipe = (from, to) => page.evaluate(([x0, x1]) => {
            const rows = document.getElementById('rows');
            const touch = (x) => new Touch({identifier: 1, target: rows,
                clientX: x, clientY: 400});
            rows.dispatchEvent(new TouchEvent('touchstart',
                {touches: [touch(x0)], changedTouches: [touch(x0)]}));
            rows.dispatchEvent(new TouchEvent('touchend',
                {touches: [], changedTouches: [touch(x1)]}));
        }, [from, to]);
        const before = await right(page);
        await swipe(300, 100);
        assert.notEqual(await right(page), before);
        await swipe(100, 300);
        assert.equal(await right(page), before);
    },

    async 'an answer is folded until it is asked for'() {
        const page = await open('laptop', '1-iterative.html');
        const first = page.locator('details').first();
        assert.equal(await first.getAttribute('open'), null);
        await first.locator('summary').click();
        assert.notEqual(await first.getAttribute('open'), null);
    },

    async 'screenshots'() {
        const views = [
            ['laptop', 'index.html'], ['laptop', '6-epoll.html'],
            ['dark', '6-epoll.html'], ['phone', '6-epoll.html'],
            ['phone', 'index.html'],
            ['projector', 'side-by-side.html#iterative+forking'],
            ['dark', 'side-by-side.html#select+epoll'],
            ['phone', 'side-by-side.html#iterative+forking'],
            ['laptop', 'glossary.html'],
        ];
        for (const [screen, address] of views) {
            const page = await open(screen, address);
            const name = address.replace(/\.html.*/, '');
            await page.screenshot({path: `${shots}/${name}-${screen}.png`});
            await page.context().close();
        }
    },
};

async function main() {
    fs.mkdirSync(shots, {recursive: true});
    browser = await chromium.launch(
        {executablePath: process.argv[3], args: FLAGS});
    let failed = 0;
    for (const [name, test] of Object.entries(tests)) {
        try {
            await test();
            console.log(`ok - ${name}`);
        } catch (error) {
            console.log(`not ok - ${name}\n  ${error.message}`);
            failed++;
        }
    }
    await browser.close();
    return failed ? 1 : 0;
}

main().then((status) => process.exit(status));
