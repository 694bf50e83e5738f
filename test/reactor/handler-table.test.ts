import { HandlerTable } from '../../src/reactor/handler-table';

describe('the handler table', () => {
  it('gives a place away again when its last user is gone, so that dialling for ever stays bounded', () => {
    const table = new HandlerTable();
    const places = new Set<number>();
    for (let dialled = 0; dialled < 1000; dialled++) {
      const place = table.add({}, `127.0.0.1:${dialled}`);
      places.add(place);
      table.release(place);
    }
    expect([...places]).toEqual([0]);
  });

  it("keeps a listener's handlers while a connection that it accepted lives", () => {
    const table = new HandlerTable();
    const data = (): void => {};
    const place = table.add({ data }, '127.0.0.1:80');
    table.use(place);
    table.release(place);
    expect(table.handlers(place).data).toBe(data);
    expect(table.add({}, 'another')).not.toBe(place);
    table.release(place);
    expect(table.add({}, 'a third')).toBe(place);
  });
});
