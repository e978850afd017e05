# stdin 5
def solve():
    n = int(input())
    print(n * 2)


def main():
    solve()


if __name__ == "__main__":
    main()
