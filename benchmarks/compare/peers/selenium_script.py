"""selenium_script.py CHROMIUM CHROMEDRIVER: Selenium carries tensors by execute_async_script, as arrays of numbers or as base64."""

import array
import base64
import json
import pathlib
import resource
import sys
import time

import selenium
from selenium import webdriver

ECHO = "arguments[1](arguments[0])"  # the page gives back what it got: less than a tensor there would need


def tensor_of(size: int) -> array.array:
    """The same floats as the other contenders'."""
    return array.array("f", ((i + 1) * 16807 % 2147483647 / 2147483647 for i in range(size // 4)))


def numbers(driver, tensor):
    return array.array("f", driver.execute_async_script(ECHO, tensor.tolist()))


def as_base64(driver, tensor):
    return array.array("f", base64.b64decode(driver.execute_async_script(ECHO, base64.b64encode(tensor.tobytes()).decode())))


def cpu_us(driver_process: int) -> float:
    """Of this process and of chromedriver, which belongs to the host's side too."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    tasks = pathlib.Path(f"/proc/{driver_process}/task").glob("*/schedstat")
    return (own.ru_utime + own.ru_stime) * 1e6 + sum(int(task.read_text().split()[0]) for task in tasks) / 1e3


def do_task(driver, task: dict) -> dict:
    tensor, carry = tensor_of(task["bytes"]), {"numbers": numbers, "base64": as_base64}[task["as"]]
    times, before, began = [], cpu_us(driver.service.process.pid), time.perf_counter()
    for _ in range(task["count"]):
        start = time.perf_counter()
        back = carry(driver, tensor)
        times.append((time.perf_counter() - start) * 1e6)
    wall = (time.perf_counter() - began) * 1e6
    used = cpu_us(driver.service.process.pid) - before
    if back != tensor:
        raise ValueError("a tensor came back changed")
    return {"times_us": times, "wall_us": wall, "cpu_us": used / task["count"]}


def main() -> None:
    options = webdriver.ChromeOptions()
    options.binary_location = sys.argv[1]
    for flag in ("--headless", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service(sys.argv[2]), options=options)
    try:
        driver.set_script_timeout(120)
        print(json.dumps({"ready": True, "versions": {"Selenium": selenium.__version__}}), flush=True)
        for line in sys.stdin:
            try:
                answer = do_task(driver, json.loads(line))
            except Exception as error:
                answer = {"error": str(error)[:300]}
            print(json.dumps(answer), flush=True)
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
